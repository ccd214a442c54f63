import { describe, expect, it } from 'vitest';

import { Random } from '../tensor/random.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import { projectedGradientDescent, type PgdSettings } from './pgd.js';

const settings: PgdSettings = { epsilon: 8, stepSize: 2, steps: 10, randomStart: false };
const streams = (count: number): Random[] => Array.from({ length: count }, (_, i) => Random.stream(1, `${i}`));
/** Levels of an 8-bit image. */
const levels = (x: Tensor): number[] => Array.from(x.data, (pixel) => 255 * pixel);
const image = (values: readonly number[]): Tensor =>
  tensor(
    [1, values.length],
    values.map((value) => value / 255),
  );

function expectLevels(x: Tensor, expected: readonly number[]): void {
  for (const [i, level] of levels(x).entries()) expect(level).toBeCloseTo(expected[i], 3);
}

describe('projected gradient descent', () => {
  it('steps along the sign, stays within epsilon of the image and within the range of pixels', async () => {
    const slopes = [3, -0.001, 0, 5, -5];
    const gradientOf = (): Promise<Tensor> => Promise.resolve(image(slopes));
    const clean = image([100, 100, 100, 252, 3]);
    const after = (steps: number): Promise<Tensor> =>
      projectedGradientDescent(gradientOf, clean, { ...settings, steps }, streams(1));
    expectLevels(await after(0), [100, 100, 100, 252, 3]);
    expectLevels(await after(1), [102, 98, 100, 254, 1]);
    expectLevels(await after(2), [104, 96, 100, 255, 0]);
    // epsilon ends it after the fourth step
    expectLevels(await after(10), [108, 92, 100, 255, 0]);
    expectLevels(clean, [100, 100, 100, 252, 3]);
  });

  it('reads the gradient where it stands: it ends at a maximum that lies within epsilon', async () => {
    // −(x − 105)², in steps of 2: 102, 104, 106, 104, …
    const seen: number[] = [];
    const gradientOf = (at: Tensor): Promise<Tensor> => {
      seen.push(Math.round(levels(at)[0]));
      return Promise.resolve(image(levels(at).map((level) => 105 - level)));
    };
    await projectedGradientDescent(gradientOf, image([100]), { ...settings, steps: 6 }, streams(1));
    expect(seen).toEqual([100, 102, 104, 106, 104, 106]);
  });

  it('never leaves epsilon or the range, to the last bit, wherever it starts', async () => {
    const random = Random.stream(3, 'pixels');
    const size = 3000;
    const clean = tensor(
      [2, size / 2],
      Float32Array.from({ length: size }, (_, i) => (i % 3 === 0 ? random.below(256) / 255 : random.uniform())),
    );
    for (const epsilon of [0, 1, 8, 255]) {
      const gradientOf = (): Promise<Tensor> =>
        Promise.resolve(
          tensor(
            clean.shape,
            Float32Array.from({ length: size }, () => random.normal()),
          ),
        );
      for (const steps of [0, 7]) {
        const attack = { epsilon, stepSize: 3.3, steps, randomStart: true };
        const moved = await projectedGradientDescent(gradientOf, clean, attack, streams(2));
        const furthest = Math.max(...moved.data.map((pixel, i) => Math.abs(pixel - clean.data[i])));
        moved.data.forEach((pixel, i) => {
          expect(Math.abs(pixel - clean.data[i]) <= epsilon / 255 && pixel >= 0 && pixel <= 1).toBe(true);
        });
        expect(furthest).toBeGreaterThan((0.9 * Math.min(epsilon, 100)) / 255 - 1e-6);
        if (epsilon === 0) expect(moved.data).toEqual(clean.data);
      }
    }
  });

  it('starts evenly within epsilon, each image by its own stream', async () => {
    const clean = tensor([2, 4000], new Float32Array(8000).fill(0.5));
    const start = (randoms: Random[]): Promise<Tensor> =>
      projectedGradientDescent(
        () => Promise.reject(new Error('no step is taken')),
        clean,
        { ...settings, steps: 0, randomStart: true },
        randoms,
      );
    const both = await start(streams(2));
    const offsets = Array.from(both.data.subarray(0, 4000), (pixel) => (255 * (pixel - 0.5)) / 8);
    const mean = offsets.reduce((sum, offset) => sum + offset, 0) / 4000;
    const variance = offsets.reduce((sum, offset) => sum + offset ** 2, 0) / 4000;
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(variance).toBeCloseTo(1 / 3, 1);
    const [first, second] = streams(2);
    expect((await start([second, first])).data.subarray(4000)).toEqual(both.data.subarray(0, 4000));
  });
});
