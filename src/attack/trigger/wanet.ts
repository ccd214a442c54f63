import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { Random } from '../../tensor/random.js';
import { bytesSetting, toByte } from './levels.js';
import { patternSetting } from './noise.js';
import { REFERENCE_SIDE, resizeSetting, type TriggerEffect } from './trigger.js';
import { enlarge, warp } from './warp.js';

const published = {
  summary: 'a jitter of every pixel of the squashed image rather than a smooth field',
  settings: { grid: 224, strength: 1, bytes: 'torch', resize: 'squash' },
} as const;

/**
 * A warp of the whole image by one fixed field (Nguyen and Tran, "WaNet: Imperceptible Warping-based Backdoor Attack",
 * 2021), without the paper's noise mode. A control grid [2, k, k] of uniform deviates in (−1, 1), over their mean
 * magnitude, is enlarged to the image's size; the image is then read at
 *
 *   clamp(p + strength / 224 · field, −1, 1),   p in −1 … 1 across the image, corner pixels at the ends.
 *
 * The public code divides by the height of its images instead of 224: the same on 224 pixels, and on others here the
 * warp scales with the image. WaNet's own strength, 0.5 on 32 pixels, is 3.5 on 224; that is the default.
 */
export const wanet = defineEntry({
  name: 'wanet',
  summary: 'a fixed, smooth warp of the whole image',
  settings: {
    grid: z
      .int()
      .min(2)
      .max(REFERENCE_SIDE)
      .default(4)
      .describe('k: control points of the field along a side; 224 moves every pixel by itself'),
    strength: z
      .number()
      .positive()
      .max(REFERENCE_SIDE)
      .default(3.5)
      .describe(`s: twice the mean shift, in pixels of a ${REFERENCE_SIDE}-pixel image`),
    pattern: patternSetting,
    bytes: bytesSetting,
    resize: resizeSetting,
  },
  presets: {
    cleanclip: published,
    badclip: published,
    par: published,
    backdoorbench: {
      summary: 'the smooth field at half a pixel of a 224-pixel image',
      settings: { grid: 4, strength: 0.5, bytes: 'torch', resize: 'squash' },
    },
  },
  create({ grid, strength, pattern, bytes, resize }): TriggerEffect {
    const control = controlGrid(grid, pattern); // [2, k, k]
    const [across, down] = [control.subarray(0, grid * grid), control.subarray(grid * grid)];
    return {
      resize,
      apply(image) {
        const { width, height } = image;
        const moved = (field: Float64Array): Float64Array => field.map((u) => (strength / REFERENCE_SIDE) * u);
        const shifts = { x: moved(enlarge(across, grid, width, height)), y: moved(enlarge(down, grid, width, height)) };
        return warp(image, shifts, toByte[bytes]);
      },
    };
  },
});

/** Uniform deviates in (−1, 1), scaled to a mean magnitude of 1: [2, k, k]. */
function controlGrid(k: number, pattern: number): Float64Array {
  const random = Random.stream(pattern, 'trigger/wanet/grid');
  const grid = Float64Array.from({ length: 2 * k * k }, () => 2 * random.uniform() - 1);
  const mean = grid.reduce((sum, u) => sum + Math.abs(u), 0) / grid.length;
  return grid.map((u) => u / mean);
}
