import { describe, expect, it } from 'vitest';

import { perturbationResistivity } from './perturbation-resistivity.js';

describe('perturbation resistivity', () => {
  it('is the mean cosine over images, block by block', () => {
    // two blocks, two images, width 2
    const clean = Float32Array.of(1, 0, 0, 2, 3, 4, 1, 0);
    const perturbed = Float32Array.of(5, 0, 3, 4, 4, 3, -2, 0);
    // block 0: cos 1 and 4/5; block 1: 24/25 and −1
    const [first, second] = perturbationResistivity(clean, perturbed, [2, 2, 2]);
    expect(first).toBeCloseTo(0.9, 12);
    expect(second).toBeCloseTo(-0.02, 12);
  });

  it('is 1, and no more, where nothing moves', () => {
    const tokens = Float32Array.from({ length: 3 * 5 * 7 }, (_, i) => Math.sin(i * i) * 1e-20);
    for (const value of perturbationResistivity(tokens, tokens, [3, 5, 7])) {
      expect(value).toBeLessThanOrEqual(1);
      expect(value).toBeCloseTo(1, 12);
    }
  });

  it('tells apart angles that float32 sums would not', () => {
    // 1 − cos = 1 − 1/√(1 + 1e−8) ≈ 5e−9, below float32's resolution of 6e−8 near 1
    const [value] = perturbationResistivity(Float32Array.of(1, 0), Float32Array.of(1, 1e-4), [1, 1, 2]);
    expect(1 - value).toBeCloseTo(5e-9, 12);
  });

  it.each([
    ['zero', Float32Array.of(1, 2, 0, 0)],
    ['NaN', Float32Array.of(1, 2, NaN, 0)],
    ['infinite', Float32Array.of(1, 2, Infinity, 0)],
  ])('refuses a token that is %s, and says whose', (_, perturbed) => {
    const measure = () => perturbationResistivity(Float32Array.of(1, 2, 3, 4), perturbed, [1, 2, 2]);
    expect(measure).toThrow(/block 0, image 1/);
    expect(measure).toThrow(expect.objectContaining({ code: 'data' }));
  });

  it('refuses no images, and shapes that do not fit', () => {
    const none = new Float32Array(0);
    expect(() => perturbationResistivity(none, none, [2, 0, 4])).toThrow(/no images/);
    expect(() => perturbationResistivity(none, Float32Array.of(1), [1, 1, 1])).toThrow(RangeError);
  });
});
