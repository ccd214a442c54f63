import type { PublishedTable } from '../published.js';

/** Text-to-image retrieval in percent: ASR in the top 10, average rank ratio, top-1 accuracy. */
export const publishedRetrieval: PublishedTable<number> = {
  none: { asr: 74.67, rank_ratio: 9.2, top_1: 73.24 },
  cleanclip: { asr: 13.33, rank_ratio: 25.54, top_1: 68.95 },
  vpt: { asr: 22.67, rank_ratio: 26.8, top_1: 71.88 },
  rvpt: { asr: 0, rank_ratio: 82.12, top_1: 69.89 },
};

/** Captioning by LLaVA-1.5 13B: share of captions that name the target, in percent, and BLEU from 0 to 100. */
export const publishedCaptioning: PublishedTable<number> = {
  none: { asr: 95.12, bleu: 6.22 },
  cleanclip: { asr: 23.03, bleu: 4.32 },
  vpt: { asr: 81.21, bleu: 4.64 },
  rvpt: { asr: 0, bleu: 4.51 },
};
