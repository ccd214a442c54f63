import type { PublishedTable } from '../published.js';

/** RVPT tuned on ImageNet, by domain and attack. */
export const publishedDomains: PublishedTable = {
  'ImageNet-V2': { badnet: [0.04, 53.85], blended: [0.02, 53.77], badclip: [3.43, 52.53] },
  'ImageNet-A': { badnet: [1.64, 16.52], blended: [0.17, 16.84], badclip: [12.84, 16.84] },
  'ImageNet-R': { badnet: [0.76, 58.39], blended: [0.09, 58.46], badclip: [6.75, 57.37] },
  'ImageNet-Sketch': { badnet: [0.02, 35.17], blended: [0.01, 35.34], badclip: [1.67, 34.06] },
};
