import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { blend, bytesSetting } from './levels.js';
import { noiseSetting, noiseStream, patternSetting } from './noise.js';
import { mapPixels } from './pixels.js';
import { resizeSetting, type TriggerEffect } from './trigger.js';

/** Share of a pattern in the result. */
export const alphaSetting = z
  .number()
  .gt(0)
  .max(1)
  .describe('share of the pattern in the result, above 0 and at most 1');

const published = {
  summary: 'fresh noise over the squashed image, fractions cut off',
  settings: { noise: 'fresh', bytes: 'torch', resize: 'squash' },
} as const;

/**
 * Uniform noise over the whole image, blended in (Chen et al., "Targeted Backdoor Attacks on Deep Learning Systems
 * Using Data Poisoning", 2017): (1 − alpha) · image + alpha · noise. The noise is the same on every image, as in the
 * paper; CleanCLIP and what was made from it draw it afresh.
 */
export const blended = defineEntry({
  name: 'blended',
  summary: 'noise blended over the whole image',
  settings: {
    alpha: alphaSetting.default(0.2),
    noise: noiseSetting.default('fixed'),
    pattern: patternSetting,
    bytes: bytesSetting,
    resize: resizeSetting,
  },
  presets: { cleanclip: published, badclip: published, par: published },
  create: (chosen): TriggerEffect => ({
    resize: chosen.resize,
    apply(image, key) {
      const { alpha } = chosen;
      const random = noiseStream('blended', chosen, key);
      const mix = blend[chosen.bytes];
      return mapPixels(image, (value) => mix(value, 1 - alpha, 255 * random.uniform(), alpha));
    },
  }),
});
