import { expect, test } from 'vitest';

import { rampCosineRate } from './ramp-cosine.js';

const rates = (rampSteps: number, steps: number): number[] =>
  Array.from({ length: steps }, (_, step) => rampCosineRate(step, { start: 9, middle: 1, end: 0, rampSteps, steps }));

test('a line that reaches both ends, then half a cosine that does not quite reach its own', () => {
  const got = rates(3, 7);
  // cosines of 0, 45°, 90°, 135°
  const expected = [9, 5, 1, 1, (1 + Math.SQRT1_2) / 2, 0.5, (1 - Math.SQRT1_2) / 2];
  got.forEach((rate, i) => {
    expect(rate).toBeCloseTo(expected[i], 12);
  });
});

test('without a ramp, with one of a step, and with an end above 0', () => {
  expect(rates(0, 2)).toEqual([1, 0.5]);
  expect(rates(1, 3)).toEqual([9, 1, 0.5]);
  expect(rampCosineRate(1, { start: 0, middle: 3, end: 1, rampSteps: 0, steps: 2 })).toBeCloseTo(2, 12);
});
