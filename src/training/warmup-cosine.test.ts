import { expect, test } from 'vitest';

import { warmupCosineRate, type WarmupCosineSettings } from './warmup-cosine.js';

/** Rates of all steps of a run of 3 epochs of 4 steps, η = 8, warm-up 4: the cosine has 8 steps, π/8 each. */
function rates(settings: Partial<WarmupCosineSettings>): number[] {
  const all = { learningRate: 8, warmupSteps: 4, stepsPerEpoch: 4, epochs: 3, form: 'correct', ...settings } as const;
  return Array.from({ length: 12 }, (_, step) => warmupCosineRate(step, all));
}

// 4 (1 + cos(k π/8)) for k = 0 … 8, by the half-angle values of the cosine
const cosine = [8, 7.695518, 6.828427, 5.530734, 4, 2.469266, 1.171573, 0.304482, 0];

test('correct: up by equal steps to the full rate, then down the cosine, its last step above 0', () => {
  const found = rates({});
  [2, 4, 6, 8, ...cosine.slice(0, 8)].forEach((rate, step) => {
    expect(found[step], `step ${step}`).toBeCloseTo(rate, 6);
  });
});

test('compat: a warm-up of an epoch never happens, and the last epoch rises back', () => {
  const found = rates({ form: 'compat' });
  [...cosine, 0.304482, 1.171573, 2.469266].forEach((rate, step) => {
    expect(found[step], `step ${step}`).toBeCloseTo(rate, 6);
  });
});

test('compat: a warm-up longer than an epoch starts in its middle', () => {
  // t = 4, 5, then the cosine over 12 − 6 steps, π/6 each: 4 (1 + √3/2) = 7.464102, 4 · 1.5 = 6
  const found = rates({ form: 'compat', warmupSteps: 6 });
  [6.666667, 8, 8, 7.464102, 6, 4].forEach((rate, step) => {
    expect(found[step], `step ${step}`).toBeCloseTo(rate, 6);
  });
});

test('without warm-up the first step has the full rate', () => {
  const found = rates({ warmupSteps: 0 });
  expect(found[0]).toBe(8);
  expect(found[6]).toBeCloseTo(4, 12);
});

test('a warm-up without an end is refused', () => {
  expect(() => rates({ warmupSteps: 12 })).toThrow('a warm-up of 12 steps in a run of 12');
});
