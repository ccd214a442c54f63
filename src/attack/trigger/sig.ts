import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { blend, bytesSetting } from './levels.js';
import { mapPixels } from './pixels.js';
import { resizeSetting, type TriggerEffect } from './trigger.js';

/**
 * Vertical waves over the whole image (Barni et al., "A New Backdoor Attack in CNNs by Training Set Corruption Without
 * Label Poisoning", 2019): keep · image + amplitude · sin(2π · frequency · x / width). The paper and BadCLIP add the
 * wave; CleanCLIP blends one of 60 levels in at 0.2, which leaves 12 of them and 0.8 of the image.
 */
export const sig = defineEntry({
  name: 'sig',
  summary: 'vertical sine waves over the whole image',
  settings: {
    amplitude: z.number().positive().max(255).default(40).describe('height of the waves, in levels of 0…255'),
    frequency: z.number().positive().max(112).default(6).describe('waves across the image'),
    keep: z.number().positive().max(1).default(1).describe('share of the image that is left: 1 adds the waves to it'),
    bytes: bytesSetting,
    resize: resizeSetting,
  },
  presets: {
    cleanclip: {
      summary: 'waves of 60 levels, blended in at 0.2',
      settings: { amplitude: 12, keep: 0.8, bytes: 'torch', resize: 'squash' },
    },
    badclip: { summary: 'waves of 60 levels, added', settings: { amplitude: 60, bytes: 'torch', resize: 'squash' } },
    backdoorbench: {
      summary: 'waves of 40 levels, added',
      settings: { amplitude: 40, bytes: 'numpy', resize: 'squash' },
    },
  },
  create: ({ amplitude, frequency, keep, bytes, resize }): TriggerEffect => ({
    resize,
    apply(image) {
      const wave = Float64Array.from(
        { length: image.width },
        (_, x) => amplitude * Math.sin((2 * Math.PI * x * frequency) / image.width),
      );
      const mix = blend[bytes];
      return mapPixels(image, (value, x) => mix(value, keep, wave[x], 1));
    },
  }),
});
