import type { PublishedTable } from '../published.js';

/** PA in percent on ImageNet, by defense and attack; `clean` is the model that nobody attacked. */
export const publishedPoisonedAccuracy: PublishedTable<number> = {
  clean: { badnet: 58.29, blended: 54.16, badclip: 55.34 },
  none: { badnet: 10.36, blended: 1.05, badclip: 0.18 },
  cleanclip: { badnet: 39.66, blended: 46.12, badclip: 4.25 },
  'linear-probe': { badnet: 28.02, blended: 14.94, badclip: 5.64 },
  rvpt: { badnet: 58.94, blended: 53.27, badclip: 53.9 },
};
