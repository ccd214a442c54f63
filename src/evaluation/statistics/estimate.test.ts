import { describe, expect, test } from 'vitest';

import { differenceOf, estimateOf, pairsOf, type Repetition } from './estimate.js';

const images = (hits: number, n: number): number[] => Array.from({ length: n }, (_, i) => (i < hits ? 1 : 0));
const once = (run: string, seeds: readonly number[], value: number, of?: readonly number[]): Repetition => ({
  ...{ run, seeds, value },
  ...(of === undefined ? {} : { images: of }),
});

describe('an estimate', () => {
  test('of several seeds is a mean with Student’s interval', () => {
    const found = estimateOf([once('a', [0], 0.1), once('b', [1], 0.3), once('c', [2], 0.5)]);
    // standard deviation 0.2, t of two degrees 4.30265
    const half = (4.302652729911275 * 0.2) / Math.sqrt(3);
    expect(found).toMatchObject({ over: 'seeds', n: 3 });
    expect(found?.value).toBeCloseTo(0.3, 12);
    expect(found?.interval?.[0]).toBeCloseTo(0.3 - half, 8);
    expect(found?.interval?.[1]).toBeCloseTo(0.3 + half, 8);
  });

  test('of one run is over its images, and never without width', () => {
    const some = estimateOf([once('a', [0, 1, 2], 0.3, images(30, 100))]);
    expect(some).toMatchObject({ value: 0.3, over: 'images', n: 1 });
    expect(Math.abs((some?.interval?.[0] ?? 0) - 0.21)).toBeLessThanOrEqual(0.01);
    // Wilson of 0 in 100: [0, z² / (100 + z²)]
    const none = estimateOf([once('a', [0], 0, images(0, 100))]);
    expect(none?.interval?.[0]).toBe(0);
    expect(none?.interval?.[1]).toBeCloseTo(3.8414588 / 103.8414588, 6);
    expect(estimateOf([once('a', [0], 1, images(50, 50))])?.interval?.[1]).toBe(1);
  });

  test('of one figure alone has no interval; of nothing there is none', () => {
    expect(estimateOf([once('a', [0], 2.5)])).toEqual({ value: 2.5, over: 'nothing', n: 1 });
    expect(estimateOf([])).toBeUndefined();
  });
});

describe('a difference', () => {
  test('is taken seed by seed', () => {
    const first = [once('a0', [0], 0.5), once('a1', [1], 0.7)];
    const second = [once('b1', [1], 0.4), once('b0', [0], 0.1), once('b2', [2], 0.9)];
    // 0.4 and 0.3: mean 0.35, standard error 0.05, t of one degree 12.7062
    const found = differenceOf(first, second);
    expect(found).toMatchObject({ over: 'seeds', n: 2 });
    expect(found?.value).toBeCloseTo(0.35, 12);
    expect(found?.interval?.[1]).toBeCloseTo(0.35 + 12.7062047 * 0.05, 6);
  });

  test('from a run that all seeds share has as many pairs as there are seeds; two such runs have one', () => {
    const shared = [once('none', [0, 1, 2], 0.9, images(90, 100))];
    const seeds = [once('a0', [0], 0.1), once('a1', [1], 0.2), once('a2', [2], 0.3)];
    expect(differenceOf(seeds, shared)).toMatchObject({ over: 'seeds', n: 3 });
    const other = [once('other', [0, 1, 2], 0.5, images(50, 100))];
    const found = differenceOf(shared, other);
    expect(found).toMatchObject({ over: 'images', n: 1 });
    expect(found?.value).toBeCloseTo(0.4, 12);
    // 40 of 100 images differ, all the same way: the count that is drawn again is Binomial(100, 0.4)
    expect(Math.abs((found?.interval?.[0] ?? 0) - 0.3)).toBeLessThanOrEqual(0.015);
    expect(pairsOf(shared, other)).toHaveLength(1);
  });

  test('that is the same on every image has an interval on both sides of it', () => {
    const all = (value: number): Repetition[] => [once('r', [0], value, images(100 * value, 100))];
    // Tango's score equation: n Δ / (1 − Δ) = z² around 0, n (1 − Δ) / (1 + Δ) = z² from 1
    const z2 = 3.8414588;
    const width = z2 / (100 + z2);
    const interval = (first: number, second: number): readonly number[] =>
      differenceOf(all(first), all(second))?.interval ?? [];
    for (const value of [0, 1]) {
      expect(interval(value, value)[0]).toBeCloseTo(-width, 6);
      expect(interval(value, value)[1]).toBeCloseTo(width, 6);
    }
    expect(interval(1, 0)[0]).toBeCloseTo((100 - z2) / (100 + z2), 6);
    expect(interval(1, 0)[1]).toBe(1);
    expect(interval(0, 1)[0]).toBe(-1);
    expect(interval(0, 1)[1]).toBeCloseTo(-(100 - z2) / (100 + z2), 6);
  });

  test('of figures that are no rates has no score interval', () => {
    const flat = [
      once(
        'r',
        [0],
        0.25,
        Array.from({ length: 100 }, () => 0.25),
      ),
    ];
    expect(differenceOf(flat, flat)?.interval).toEqual([0, 0]);
  });

  test('of other images is told without an interval, of other seeds not at all', () => {
    const first = [once('a', [0], 1, images(3, 3))];
    expect(differenceOf(first, [once('b', [0], 0.25, images(1, 4))])).toEqual({ value: 0.75, over: 'nothing', n: 1 });
    expect(differenceOf(first, [once('b', [1], 0.25)])).toBeUndefined();
  });
});
