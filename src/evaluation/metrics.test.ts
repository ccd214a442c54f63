import { describe, expect, it } from 'vitest';

import { InputError } from '../core/errors.js';
import {
  attackMetrics,
  cleanAccuracy,
  cleanMetrics,
  inclusiveAttackSuccessRate,
  poisonedAccuracy,
  strictAttackSuccessRate,
} from './metrics.js';
import { cleanPredictions, largestLogits, triggeredPredictions } from './predictions.js';
import { rateOf } from './rate.js';

// Classes: 0 cat, 1 dog, 2 banana (the target). Six images, counted by hand:
//   image     true     clean answer   triggered answer
//   1         cat      cat      ✓     banana   attack
//   2         cat      dog            cat      ✓ true
//   3         dog      dog      ✓     banana   attack
//   4         dog      banana         dog      ✓ true
//   5         banana   banana   ✓     banana   ✓ true, and the target by right
//   6         banana   cat            dog
const labels = Int32Array.of(0, 0, 1, 1, 2, 2);
const clean = cleanPredictions(labels, Int32Array.of(0, 1, 1, 2, 2, 0));
const triggered = triggeredPredictions(labels, Int32Array.of(2, 0, 2, 1, 2, 1), 2);

describe('on six images', () => {
  it('clean accuracy is 3 of 6', () => {
    expect(cleanAccuracy(clean)).toMatchObject({ hits: 3, n: 6, rate: 0.5 });
  });

  it('strict attack success is 2 of 4: the two bananas count nowhere', () => {
    expect(strictAttackSuccessRate(triggered)).toMatchObject({ hits: 2, n: 4, rate: 0.5 });
  });

  it('inclusive attack success is 3 of 6', () => {
    expect(inclusiveAttackSuccessRate(triggered)).toMatchObject({ hits: 3, n: 6, rate: 0.5 });
  });

  it('poisoned accuracy is 3 of 6', () => {
    expect(poisonedAccuracy(triggered)).toMatchObject({ hits: 3, n: 6, rate: 0.5 });
  });

  it('another target counts other images', () => {
    const aimedAtDog = { ...triggered, target: 1 };
    expect(strictAttackSuccessRate(aimedAtDog)).toMatchObject({ hits: 1, n: 4 }); // image 6 alone
    expect(inclusiveAttackSuccessRate(aimedAtDog)).toMatchObject({ hits: 2, n: 6 }); // and image 4
  });

  it('an attack that always works has a strict rate of 1 and does not touch clean accuracy', () => {
    const always = triggeredPredictions(labels, new Int32Array(6).fill(2), 2);
    expect(attackMetrics(always)).toMatchObject({ asr_strict: 1, asr_inclusive: 1, pa: 2 / 6 });
  });
});

describe('the keys that scripts rely on', () => {
  it('carry rates, intervals and denominators', () => {
    const interval = [expect.closeTo(0.1876, 4), expect.closeTo(0.8124, 4)]; // Wilson, 3 of 6
    expect(cleanMetrics(clean)).toEqual({ ca: 0.5, ca_interval: interval, n: 6 });
    expect(attackMetrics(triggered)).toEqual({
      asr_strict: 0.5,
      asr_strict_interval: [expect.closeTo(0.15, 4), expect.closeTo(0.85, 4)], // Wilson, 2 of 4
      asr_strict_n: 4,
      asr_inclusive: 0.5,
      asr_inclusive_interval: interval,
      asr_inclusive_n: 6,
      pa: 0.5,
      pa_interval: interval,
    });
  });
});

describe('nothing to count', () => {
  it('is said, not divided by', () => {
    const none = new Int32Array(0);
    expect(() => cleanAccuracy(cleanPredictions(none, none))).toThrow(/clean accuracy.*no images/);
    const bananas = triggeredPredictions(Int32Array.of(2, 2), Int32Array.of(2, 2), 2);
    expect(() => attackMetrics(bananas)).toThrow(/strict.*2 images, all of the target class/);
    expect(() => attackMetrics(bananas)).toThrow(InputError);
  });

  it('lists of different lengths are a bug', () => {
    expect(() => cleanPredictions(labels, Int32Array.of(0))).toThrow(RangeError);
    expect(() => triggeredPredictions(labels, Int32Array.of(0), 1)).toThrow(RangeError);
  });
});

describe('a rate', () => {
  // limits from solving |p − hits/n| = 1.96 · √(p (1 − p) / n) for p, the definition of the score interval
  it.each([
    [0, 10, 0, 0.27753],
    [10, 10, 0.72247, 1],
    [3, 6, 0.18762, 0.81238],
    [81, 263, 0.25529, 0.3662],
    [1, 1, 0.20654, 1],
  ])('of %i in %i lies between %f and %f', (hits, n, low, high) => {
    const { rate, interval } = rateOf(hits, n);
    expect(rate).toBe(hits / n);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  });

  it('has bounds that solve the equation of the score interval', () => {
    for (const [hits, n] of [
      [1, 7],
      [40, 41],
      [500, 50_000],
    ]) {
      for (const bound of rateOf(hits, n).interval) {
        expect(Math.abs(bound - hits / n)).toBeCloseTo(1.959963984540054 * Math.sqrt((bound * (1 - bound)) / n), 12);
      }
    }
  });

  it('stays inside 0…1 to the last bit', () => {
    expect(rateOf(0, 7).interval[0]).toBe(0);
    expect(rateOf(7, 7).interval[1]).toBe(1);
    expect(() => rateOf(0, 0)).toThrow(RangeError);
  });
});

describe('the largest logit', () => {
  it('is the answer; the first of equals', () => {
    expect(largestLogits(Float32Array.of(1, 3, 2, 5, 5, -1, -9, -7, -8), 3)).toEqual(Int32Array.of(1, 0, 1));
  });

  it('is refused where it is no number', () => {
    expect(() => largestLogits(Float32Array.of(1, 2, 3, NaN), 2)).toThrow(/NaN for class 1 of image 1/);
  });
});
