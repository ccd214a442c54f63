import type { PublishedTable } from '../published.js';

/** On one RTX 3090 in half precision, as printed: RVPT on ImageNet, CleanCLIP on 250,000 pairs. */
export const publishedCosts: PublishedTable<string> = {
  rvpt: { seconds: '45 min 05 s', memory: '3,382 MB', parameters: '0.34 M', samples: '16,000 images' },
  cleanclip: { seconds: '3 h 53 min', memory: '17,640 MB', samples: '250,000 pairs' },
};
