import { z } from 'zod';

import type { Random } from '../tensor/random.js';
import { tensor, type Tensor } from '../tensor/tensor.js';

/** Sizes are in 255ths of the range of a pixel: the levels of an 8-bit image. */
export const pgdShape = {
  epsilon: z.number().nonnegative().max(255).default(8).describe('most that a pixel may change, in levels of 255'),
  stepSize: z.number().positive().max(255).default(2).describe('change of a step, in levels of 255'),
  steps: z.int().nonnegative().max(10_000).default(10).describe('steps of the attack'),
  randomStart: z.boolean().default(true).describe('start at a random place within epsilon, not at the image'),
} as const;

/** Settings of projected gradient descent, every one given. */
export type PgdSettings = z.output<z.ZodObject<typeof pgdShape>>;

/** Gradients of each image's own loss by its pixels: [n, 3, S, S] in [0, 1] give the same shape. */
export type PixelGradient = (pixels: Tensor) => Promise<Tensor>;

/** Rounding a pixel to float32 moves it by half of this at most. */
const ROUNDING = 2 ** -24;

/**
 * Adversarial images by projected gradient descent in the maximum norm (Madry et al., "Towards Deep Learning Models
 * Resistant to Adversarial Attacks", 2018): every step goes up the sign of the gradient and is put back into the box of
 * ±epsilon around the image and into [0, 1]. The last step's images are returned, whether or not an earlier one's were
 * worse.
 * @param clean [n, 3, S, S] in [0, 1]
 * @param randoms one for each image, for the start
 * @returns as `clean`; no pixel is further from it than epsilon, rounding included
 */
export async function projectedGradientDescent(
  gradientOf: PixelGradient,
  clean: Tensor,
  { epsilon, stepSize, steps, randomStart }: PgdSettings,
  randoms: readonly Random[],
): Promise<Tensor> {
  const { shape, data } = clean;
  const radius = Math.max(0, epsilon / 255 - ROUNDING);
  const low = data.map((pixel) => Math.max(0, pixel - radius));
  const high = data.map((pixel) => Math.min(1, pixel + radius));
  const moved = tensor(shape, data.slice());
  const project = (i: number, pixel: number): void => {
    moved.data[i] = Math.min(high[i], Math.max(low[i], pixel));
  };
  if (randomStart) {
    const size = data.length / shape[0];
    for (let i = 0; i < data.length; i++) {
      project(i, data[i] + radius * (2 * randoms[Math.floor(i / size)].uniform() - 1));
    }
  }
  for (let step = 0; step < steps; step++) {
    const gradient = await gradientOf(moved);
    for (let i = 0; i < data.length; i++) {
      project(i, moved.data[i] + (stepSize / 255) * Math.sign(gradient.data[i]));
    }
  }
  return moved;
}
