import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { floatImage } from '../../core/raster.js';
import { Random } from '../../tensor/random.js';
import type { PerturbationEffect } from './perturbation.js';

/** x + std · n with n normal: the paper's x + δ to the letter, so values a little outside [0, 1] are not clipped. */
export const gaussianNoise = defineEntry({
  name: 'gaussian-noise',
  summary: 'independent normal noise on every value',
  settings: {
    std: z.number().positive().default(0.001).describe('standard deviation, for pixels in 0…1'),
  },
  create: ({ std }): PerturbationEffect => ({
    apply({ width, height, data }, { seed, imageKey }) {
      const random = Random.stream(seed, `perturbation/gaussian-noise/${imageKey}`);
      return floatImage(
        width,
        height,
        data.map((value) => value + std * random.normal()), // [3, height, width]
      );
    },
  }),
});
