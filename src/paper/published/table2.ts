import type { PublishedTable } from '../published.js';

/** Caltech101 and OxfordPets, each with a target and attacked models of its own, by defense and attack. */
export const publishedDatasets: Readonly<Record<'Caltech101' | 'OxfordPets', PublishedTable>> = {
  Caltech101: {
    none: { badnet: [91.38, 93.06], blended: [92.69, 93.41], wanet: [63.21, 92.86] },
    cleanclip: { badnet: [36.87, 91.18], blended: [1.14, 90.77], wanet: [9.35, 91.54] },
    'linear-probe': { badnet: [1.22, 93.62], blended: [12.82, 93.41], wanet: [1.04, 93.45] },
    rvpt: { badnet: [0, 94.02], blended: [0, 94.34], wanet: [0.08, 93.89] },
  },
  OxfordPets: {
    none: { badnet: [86.83, 82.91], blended: [99.8, 85.1], wanet: [87.97, 83.93] },
    cleanclip: { badnet: [25.72, 82.49], blended: [4.17, 83.41], wanet: [12.61, 81.1] },
    'linear-probe': { badnet: [16.05, 77.74], blended: [2.63, 77.63], wanet: [2.21, 77.71] },
    rvpt: { badnet: [0.3, 88.6], blended: [0.64, 88.87], wanet: [1.59, 88.53] },
  },
};
