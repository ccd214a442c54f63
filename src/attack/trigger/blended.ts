import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { raster } from '../../core/raster.js';
import { Random } from '../../tensor/random.js';
import { noiseSetting, type TriggerEffect } from './trigger.js';

/**
 * Uniform noise over the whole image, blended in (Chen et al., "Targeted Backdoor Attacks on Deep Learning Systems
 * Using Data Poisoning", 2017): (1 − alpha) · image + alpha · noise. The noise is the same on every image, as in the
 * paper; CleanCLIP and BadCLIP draw it afresh.
 */
export const blended = defineEntry({
  name: 'blended',
  summary: 'noise blended over the whole image',
  settings: {
    alpha: z.number().gt(0).max(1).default(0.2).describe('share of the noise in the result, above 0 and at most 1'),
    noise: noiseSetting.default('fixed'),
  },
  create: ({ alpha, noise }): TriggerEffect => ({
    apply({ width, height, data }, { seed, imageKey }) {
      const random = Random.stream(seed, `trigger/blended/noise${noise === 'fresh' ? `/${imageKey}` : ''}`);
      return raster(
        width,
        height,
        data.map((value) => Math.round((1 - alpha) * value + alpha * 255 * random.uniform())), // [height, width, 3]
      );
    },
  }),
});
