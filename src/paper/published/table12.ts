import type { PublishedTable } from '../published.js';

/** Accuracy under PGD-10 of 8/255, in percent. */
export const publishedAdversarial: PublishedTable<number> = {
  none: { pgd: 4.37 },
  rvpt: { pgd: 4.1 },
  'adversarial-vpt': { pgd: 13.97 },
};
