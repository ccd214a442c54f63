import type { PublishedTable } from '../published.js';

/** Against BadCLIP, without and with L_FR: what is tuned, by our names of the defenses. */
export const publishedTuning: PublishedTable = {
  'finetune-ce': { without: [10.09, 60.71], with: [0, 59.22] },
  'finetune-infonce': { without: [92.5, 54.5], with: [18.23, 54.66] },
  vpt: { without: [98.14, 64.32], with: [2.76, 61.81] },
};
