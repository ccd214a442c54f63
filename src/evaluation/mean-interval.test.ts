import { expect, test } from 'vitest';

import { meanInterval } from './mean-interval.js';

test('mean and half width, by hand', () => {
  // deviations −2, 0, 2: variance 8 / 2 = 4, standard error √(4 / 3), t of two degrees 4.30265
  const { mean, half } = meanInterval([1, 3, 5]);
  expect(mean).toBe(3);
  expect(half).toBeCloseTo(4.302652729911275 * Math.sqrt(4 / 3), 8);
  // t of one degree: 12.7062 · √(0.5 / 2)
  expect(meanInterval([0, 1]).half).toBeCloseTo(6.3531, 4);
});

test('one value has no interval, none has no mean, many have a quantile of their own', () => {
  expect(meanInterval([0.25])).toEqual({ mean: 0.25, half: undefined });
  expect(() => meanInterval([])).toThrow('no values');
  // 20 values of ±1: variance 20 / 19
  const many = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1 : -1));
  expect(meanInterval(many).half).toBeCloseTo(2.093024054408263 * Math.sqrt(1 / 19), 8);
});
