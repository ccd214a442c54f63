import type { PublishedTable } from '../published.js';

/** RVPT on OpenAI's vision transformers, by attack. */
export const publishedEncoders: PublishedTable = {
  'ViT-B/32': { badnet: [0.05, 62.76], blended: [0.02, 62.36], badclip: [2.76, 61.81] },
  'ViT-B/16': { badnet: [0.66, 68.51], blended: [0.02, 68.32], badclip: [3.38, 68.42] },
  'ViT-L/14': { badnet: [2.08, 73.6], blended: [0.05, 73.26], badclip: [0.59, 74.04] },
};
