import { defineEntry } from '../../core/catalog.js';
import { floatImage } from '../../core/raster.js';
import type { PerturbationEffect } from './perturbation.js';

/** Left becomes right. */
export const horizontalFlip = defineEntry({
  name: 'horizontal-flip',
  summary: 'the mirror image',
  settings: {},
  create: (): PerturbationEffect => ({
    apply({ width, height, data }) {
      const out = new Float32Array(data.length); // [3, height, width]
      for (let row = 0; row < data.length; row += width) out.set(data.slice(row, row + width).reverse(), row);
      return floatImage(width, height, out);
    },
  }),
});
