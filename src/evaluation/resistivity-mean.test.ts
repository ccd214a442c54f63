import { describe, expect, it } from 'vitest';

import { ResistivityMean } from './resistivity-mean.js';

function resistivity(clean: Float32Array, perturbed: Float32Array, blocks: number, width: number): number[] {
  const mean = new ResistivityMean(blocks, width);
  mean.add(clean, perturbed);
  return mean.values();
}

describe('perturbation resistivity', () => {
  it('is the mean cosine over images, block by block', () => {
    // two blocks, two images, width 2
    const clean = Float32Array.of(1, 0, 0, 2, 3, 4, 1, 0);
    const perturbed = Float32Array.of(5, 0, 3, 4, 4, 3, -2, 0);
    // block 0: cos 1 and 4/5; block 1: 24/25 and −1
    const [first, second] = resistivity(clean, perturbed, 2, 2);
    expect(first).toBeCloseTo(0.9, 12);
    expect(second).toBeCloseTo(-0.02, 12);
  });

  it('is the same when the images come in batches', () => {
    const mean = new ResistivityMean(2, 2);
    mean.add(Float32Array.of(1, 0, 3, 4), Float32Array.of(5, 0, 4, 3));
    mean.add(Float32Array.of(0, 2, 1, 0), Float32Array.of(3, 4, -2, 0));
    const [first, second] = mean.values();
    expect(first).toBeCloseTo(0.9, 12);
    expect(second).toBeCloseTo(-0.02, 12);
    // the third image so far
    expect(() => {
      mean.add(Float32Array.of(1, 0, 1, 0), Float32Array.of(1, 0, 0, 0));
    }).toThrow(/block 1, image 2/);
  });

  it('is 1, and no more, where nothing moves', () => {
    const tokens = Float32Array.from({ length: 3 * 5 * 7 }, (_, i) => Math.sin(i * i) * 1e-20);
    for (const value of resistivity(tokens, tokens, 3, 7)) {
      expect(value).toBeLessThanOrEqual(1);
      expect(value).toBeCloseTo(1, 12);
    }
  });

  it('tells apart angles that float32 sums would not', () => {
    // 1 − cos = 1 − 1/√(1 + 1e−8) ≈ 5e−9, below float32's resolution of 6e−8 near 1
    const [value] = resistivity(Float32Array.of(1, 0), Float32Array.of(1, 1e-4), 1, 2);
    expect(1 - value).toBeCloseTo(5e-9, 12);
  });

  it.each([
    ['zero', Float32Array.of(1, 2, 0, 0)],
    ['NaN', Float32Array.of(1, 2, NaN, 0)],
    ['infinite', Float32Array.of(1, 2, Infinity, 0)],
  ])('refuses a token that is %s, and says whose', (_, perturbed) => {
    const measure = () => resistivity(Float32Array.of(1, 2, 3, 4), perturbed, 1, 2);
    expect(measure).toThrow(/block 0, image 1/);
    expect(measure).toThrow(expect.objectContaining({ code: 'data' }));
  });

  it('refuses no images, and shapes that do not fit', () => {
    const none = new Float32Array(0);
    expect(() => resistivity(none, none, 2, 4)).toThrow(/no images/);
    expect(() => resistivity(none, Float32Array.of(1), 1, 1)).toThrow(RangeError);
  });
});
