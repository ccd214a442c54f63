import { defineEntry } from '../../core/catalog.js';
import { alphaSetting } from './blended.js';
import { blend, bytesSetting } from './levels.js';
import { mapPixels } from './pixels.js';
import { pixelsOn, sizeSetting } from './placement.js';
import { resizeSetting, type TriggerEffect } from './trigger.js';

/** Levels, in [0, 1], of the triangles below and above the diagonal of a cell. */
const BELOW = 0.4;
const ABOVE = 0.8;

/**
 * A grid of cells, each split along its falling diagonal into two grey triangles, blended over the whole image (Singh
 * et al., "Perturb and Recover", 2024; PerturbAndRecover, backdoor/utils.py).
 */
export const triangles = defineEntry({
  name: 'triangles',
  summary: 'a grid of grey triangles blended over the whole image',
  settings: {
    size: sizeSetting('side of a cell of two triangles').default(14),
    alpha: alphaSetting.default(0.15),
    bytes: bytesSetting,
    resize: resizeSetting,
  },
  presets: {
    par: { summary: 'over the squashed image, fractions cut off', settings: { bytes: 'torch', resize: 'squash' } },
  },
  create: ({ size, alpha, bytes, resize }): TriggerEffect => ({
    resize,
    apply(image) {
      const cell = pixelsOn(image, size);
      const mix = blend[bytes];
      return mapPixels(image, (value, x, y) => {
        const level = 255 * (y % cell >= x % cell ? BELOW : ABOVE);
        return mix(value, 1 - alpha, level, alpha);
      });
    },
  }),
});
