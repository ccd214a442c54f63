import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { floatImage } from '../../core/raster.js';
import type { PerturbationEffect } from './perturbation.js';

/** Convolution with a square Gaussian kernel, as torchvision's GaussianBlur: rows, then columns, edges mirrored. */
export const gaussianBlur = defineEntry({
  name: 'gaussian-blur',
  summary: 'a soft blur',
  settings: {
    kernel: z
      .int()
      .min(1)
      .max(99)
      .refine((size) => size % 2 === 1, 'must be odd')
      .default(3)
      .describe('side of the kernel in pixels, odd'),
    variance: z.number().positive().default(5).describe('variance of the Gaussian, in pixels squared'),
  },
  create({ kernel, variance }): PerturbationEffect {
    const weights = gaussianWeights(kernel, variance);
    return {
      apply({ width, height, data }) {
        const planes = { count: 3, stride: width * height };
        const rows = { count: height, stride: width };
        const columns = { count: width, stride: 1 };
        const alongRows = convolve(data, weights, columns, [planes, rows]); // [3, height, width]
        return floatImage(width, height, convolve(alongRows, weights, rows, [planes, columns])); // [3, height, width]
      },
    };
  },
});

/** exp(−x² / 2·variance) at whole x around 0, summing to 1. */
function gaussianWeights(size: number, variance: number): number[] {
  const radius = (size - 1) / 2;
  const weights = Array.from({ length: size }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * variance)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

interface Axis {
  readonly count: number;
  readonly stride: number;
}

/** Convolves every line of `values` that runs along `axis`. @param others the two axes that number the lines. */
function convolve(
  values: Float32Array,
  weights: readonly number[],
  axis: Axis,
  [outer, inner]: readonly [Axis, Axis],
): Float32Array {
  const radius = (weights.length - 1) / 2;
  const sources = Array.from({ length: axis.count }, (_, at) =>
    weights.map((_, i) => mirrored(at + i - radius, axis.count) * axis.stride),
  );
  const out = new Float32Array(values.length);
  for (let a = 0; a < outer.count; a++) {
    for (let b = 0; b < inner.count; b++) {
      const line = a * outer.stride + b * inner.stride;
      for (let at = 0; at < axis.count; at++) {
        let sum = 0;
        const from = sources[at];
        for (let i = 0; i < weights.length; i++) sum += weights[i] * values[line + from[i]];
        out[line + at * axis.stride] = sum;
      }
    }
  }
  return out;
}

/** The pixel that stands for place `at` of a line of `count`: mirrored at its ends, which are not repeated. */
function mirrored(at: number, count: number): number {
  if (count === 1) return 0;
  const period = 2 * (count - 1);
  const folded = ((at % period) + period) % period;
  return folded < count ? folded : period - folded;
}
