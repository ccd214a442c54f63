import type { PublishedTable } from '../published.js';

/** ImageNet, ViT-B/32, by defense and attack. */
export const publishedDefenses: PublishedTable = {
  none: {
    badnet: [82.69, 63.04],
    blended: [98.52, 62.64],
    issba: [60.01, 61.72],
    wanet: [87.18, 62.42],
    trojvqa: [99.75, 62.81],
    badclip: [99.83, 61.33],
  },
  cleanclip: {
    badnet: [23.79, 57.91],
    blended: [0.25, 57.69],
    issba: [15.62, 59.2],
    wanet: [11.1, 59.07],
    trojvqa: [85.64, 58.22],
    badclip: [89.7, 57.55],
  },
  'linear-probe': {
    badnet: [3.05, 59.64],
    blended: [5.52, 59.69],
    issba: [0.08, 59.69],
    wanet: [0.65, 59.66],
    badclip: [99.7, 59.33],
  },
  rvpt: {
    badnet: [0.05, 62.76],
    blended: [0.02, 62.36],
    issba: [0.01, 61.92],
    wanet: [0.03, 62.48],
    trojvqa: [0.11, 62.63],
    badclip: [2.76, 61.81],
  },
};
