import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { bootstrapInterval } from './bootstrap.js';
import { holm } from './holm.js';
import { mcNemar } from './mcnemar.js';
import { pairedTest, pairedTP, signFlipP } from './paired.js';
import { studentTCdf, studentTQuantile } from './student-t.js';

describe('Student’s t', () => {
  test('its distribution is what closed forms say', () => {
    for (const t of [-40, -3, -0.2, 0, 0.7, 2, 11]) {
      expect(studentTCdf(t, 1)).toBeCloseTo(0.5 + Math.atan(t) / Math.PI, 12); // Cauchy's
      expect(studentTCdf(t, 2)).toBeCloseTo(0.5 + t / (2 * Math.sqrt(2 + t * t)), 12);
      const [s, c] = [t / Math.sqrt(3), 1 / (1 + (t * t) / 3)];
      expect(studentTCdf(t, 3)).toBeCloseTo(0.5 + (Math.atan(s) + s * c) / Math.PI, 12);
    }
  });

  test.each([
    [1, 12.7062],
    [2, 4.30265],
    [4, 2.77645],
    [10, 2.22814],
    [30, 2.04227],
    [1000, 1.96234],
  ])('the quantile at 0.975 for %i degrees is the one of printed tables, %f', (degrees, quantile) => {
    expect(studentTQuantile(0.975, degrees)).toBeCloseTo(quantile, 4);
  });

  test('quantile and distribution undo each other', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 0.9999, noNaN: true }), fc.integer({ min: 1, max: 300 }), (p, degrees) => {
        expect(studentTCdf(studentTQuantile(p, degrees), degrees)).toBeCloseTo(p, 9);
      }),
      { numRuns: 25 },
    );
  });
});

describe('the bootstrap', () => {
  test('of a share is near the exact binomial interval', () => {
    // 30 of 100: resampled counts are Binomial(100, 0.3), whose 2.5 % and 97.5 % quantiles are 21 and 39
    const values = Array.from({ length: 100 }, (_, i) => (i < 30 ? 1 : 0));
    const [low, high] = bootstrapInterval(values, { seed: 1, stream: 'a' });
    expect(Math.abs(low - 0.21)).toBeLessThanOrEqual(0.01);
    expect(Math.abs(high - 0.39)).toBeLessThanOrEqual(0.01);
  });

  test('gives the same for the same seed, another for another', () => {
    const values = Array.from({ length: 50 }, (_, i) => Math.sin(i));
    const interval = (seed: number): number[] => bootstrapInterval(values, { seed, stream: 'a', resamples: 200 });
    expect(interval(3)).toEqual(interval(3));
    expect(interval(3)).not.toEqual(interval(4));
  });

  test('of what does not vary has no width; of nothing there is none', () => {
    expect(bootstrapInterval([1, 1, 1], { seed: 1, stream: 'a' })).toEqual([1, 1]);
    expect(() => bootstrapInterval([], { seed: 1, stream: 'a' })).toThrow('no values');
  });
});

describe('McNemar’s test', () => {
  const hits = (...counts: readonly number[]): boolean[][] => [
    counts.flatMap((count, kind) => Array.from({ length: count }, () => kind < 2)),
    counts.flatMap((count, kind) => Array.from({ length: count }, () => kind === 0 || kind === 2)),
  ];

  test.each([
    // 2 · (1 + 6) / 2⁶
    { counts: [3, 1, 5, 9], p: 14 / 64 },
    { counts: [0, 0, 5, 0], p: 2 / 32 },
    { counts: [4, 0, 0, 4], p: 1 },
    { counts: [0, 4, 4, 0], p: 1 },
    // 2 · (1 + 10 + 45) / 2¹⁰
    { counts: [100, 8, 2, 7], p: 112 / 1024 },
  ] as const)('of $counts', ({ counts, p }) => {
    const [both, only, other, none] = counts;
    const [first, second] = hits(both, only, other, none);
    const found = mcNemar(first, second);
    expect(found).toMatchObject({ onlyFirst: only, onlySecond: other });
    expect(found.p).toBeCloseTo(p, 12);
  });

  test('of very many images is still a number', () => {
    const [first, second] = hits(0, 3000, 3000, 0);
    expect(mcNemar(first, second).p).toBeCloseTo(1, 9);
    const [one, other] = hits(0, 2900, 3100, 0);
    expect(mcNemar(one, other).p).toBeCloseTo(0.0102, 3); // normal with continuity: z = 199 / √6000
    expect(() => mcNemar([true], [])).toThrow('1 and 0');
  });
});

describe('paired tests over seeds', () => {
  test('t by hand', () => {
    // mean 2, variance 1, t = 2 / √(1/3) = 2√3; of 2 degrees P(|T| > t) = 1 − t / √(2 + t²)
    const t = 2 * Math.sqrt(3);
    expect(pairedTP([1, 2, 3])).toBeCloseTo(1 - t / Math.sqrt(2 + t * t), 12);
    expect(pairedTP([-1, 1])).toBe(1);
    expect(pairedTP([2, 2, 2])).toBe(0);
    expect(pairedTP([0, 0])).toBe(1);
  });

  test('sign flips by hand', () => {
    expect(signFlipP([1, 2, 3])).toBe(2 / 8);
    // ±1 ±2 ±3 reach |sum| ≥ 4 by 1+2+3, −1+2+3 and their opposites
    expect(signFlipP([-1, 2, 3])).toBe(4 / 8);
    expect(signFlipP([1, 1, 1, 1, 1, 1])).toBe(2 / 64);
    expect(signFlipP([0.1, 0.2, -0.3])).toBe(1);
    expect(() => signFlipP(Array.from({ length: 21 }, () => 1))).toThrow('more than 20');
  });

  test('flips signs where that can tell anything', () => {
    expect(pairedTest([1])).toBeUndefined();
    expect(pairedTest([1, 2, 3])).toEqual({ test: 'paired t', mean: 2, p: pairedTP([1, 2, 3]) });
    expect(pairedTest([1, 2, 3, 4, 5, 6])).toEqual({ test: 'sign-flip', mean: 3.5, p: 2 / 64 });
  });
});

test('Holm’s correction by hand', () => {
  // smallest first: 4 · 0.01, then 3 · 0.02, 2 · 0.04, 1 · 0.05 but never below what came before
  expect(holm([0.04, 0.01, 0.05, 0.02])).toEqual([0.08, 0.04, 0.08, 0.06]);
  expect(holm([0.9, 0.6])).toEqual([1, 1]);
  expect(holm([])).toEqual([]);
});
