import { describe, expect, test } from 'vitest';

import {
  findingOf,
  isAbove,
  isAtLeast,
  isAtMost,
  isBelow,
  isBelowOrTied,
  isWithin,
  type Named,
  type Part,
} from './verdicts.js';

const named = (name: string, ...values: readonly number[]): Named => ({
  name,
  repetitions: values.map((value, seed) => ({ run: `${name}${seed}`, seeds: [seed], value })),
});

// differences −0.5 ± 0 to rounding; and ones whose interval holds 0
const low = named('low', 0.1, 0.2, 0.3);
const high = named('high', 0.6, 0.7, 0.8);
const wild = named('wild', 0.0, 0.9, 0.3);
const nothing = named('nothing');

describe('two figures', () => {
  test.each([
    ['below', isBelow, 'holds', 'does not hold', 'cannot be told'],
    ['above', isAbove, 'does not hold', 'holds', 'cannot be told'],
    ['below or tied', isBelowOrTied, 'holds', 'does not hold', 'holds'],
  ] as const)('%s', (_, decide, ordered, reversed, unclear) => {
    expect(decide(low, high, 'percent').verdict).toBe(ordered);
    expect(decide(high, low, 'percent').verdict).toBe(reversed);
    expect(decide(wild, low, 'percent').verdict).toBe(unclear);
    expect(decide(low, wild, 'percent').verdict).toBe(unclear);
    expect(decide(low, nothing, 'percent')).toEqual({ verdict: 'cannot be told', why: 'nothing: not measured' });
  });

  test('by so much, or all but so much', () => {
    const near = named('near', 0.11, 0.21, 0.31);
    expect(isBelow(low, high, 'percent', 0.4).verdict).toBe('holds');
    expect(isBelow(low, high, 'percent', 0.6).verdict).toBe('does not hold');
    expect(isAbove(low, near, 'percent', -0.02).verdict).toBe('holds');
    expect(isAbove(low, high, 'percent', -0.02).verdict).toBe('does not hold');
    expect(isWithin(low, near, 'percent', 0.02).verdict).toBe('holds');
    expect(isWithin(near, low, 'percent', 0.02).verdict).toBe('holds');
    expect(isWithin(high, low, 'percent', 0.02).verdict).toBe('does not hold');
    expect(isWithin(wild, low, 'percent', 0.02).verdict).toBe('cannot be told');
  });

  test('their figures are told', () => {
    // ± t(2) · 0 for the difference: every seed has the same
    expect(isBelow(low, high, 'percent').why).toBe('low 20.0, high 70.0, difference -50.0 ± 0.0');
  });
});

describe('a figure and a bound', () => {
  test.each([
    [0.5, 'holds', 'does not hold'],
    [0.2, 'cannot be told', 'cannot be told'],
    [-0.1, 'does not hold', 'holds'],
  ] as const)('%f', (bound, atMost, atLeast) => {
    // 0.2 ± 0.248
    expect(isAtMost(low, bound, 'percent')).toEqual({ verdict: atMost, why: 'low 20.0 ± 24.8' });
    expect(isAtLeast(low, bound, 'percent').verdict).toBe(atLeast);
  });

  test('a figure alone is taken as it is', () => {
    expect(isAtMost(named('one', 0.2), 0.2, 'percent')).toEqual({ verdict: 'holds', why: 'one 20.0' });
    expect(isAtMost(named('one', 0.2), 0.1, 'percent').verdict).toBe('does not hold');
    expect(isAtMost(nothing, 0.2, 'percent').verdict).toBe('cannot be told');
  });
});

describe('a finding', () => {
  const part = (verdict: Part['verdict'], why: string): Part => ({ verdict, why });

  test('takes all of its parts, and tells those that decide', () => {
    const good = part('holds', 'a');
    const open = part('cannot be told', 'b');
    const bad = part('does not hold', 'c');
    expect(findingOf('x', [good, good])).toEqual({ claim: 'x', verdict: 'holds', why: 'a; a.' });
    expect(findingOf('x', [good, open])).toEqual({ claim: 'x', verdict: 'cannot be told', why: 'b; holds: 1 of 2.' });
    expect(findingOf('x', [good, bad, open])).toEqual({
      claim: 'x',
      verdict: 'does not hold',
      why: 'c; cannot be told: 1 of 3; holds: 1 of 3.',
    });
  });

  test('without parts cannot be told', () => {
    expect(findingOf('x', []).verdict).toBe('cannot be told');
  });
});
