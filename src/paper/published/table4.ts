import type { PublishedRates } from '../published.js';

/** Tuned without the target class: BadCLIP's rates, and the highest ASR of all other attacks in percent. */
export const publishedEmergingTarget: { readonly badclip: PublishedRates; readonly highestOtherAsr: number } = {
  badclip: [3.39, 61.89],
  highestOtherAsr: 0.33,
};
