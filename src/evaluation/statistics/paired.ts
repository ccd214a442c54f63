import { studentTCdf } from './student-t.js';

/** A test of whether differences, one a seed, are 0 on average. */
export interface PairedTest {
  readonly test: 'paired t' | 'sign-flip';
  readonly mean: number;
  /** Two-sided. */
  readonly p: number;
}

/** From so many pairs on, flipping signs can tell p = 0.05 apart: its smallest p is 2 / 2ⁿ. */
const ENOUGH_TO_FLIP = 6;

/** Up to so many pairs all signs are gone through. */
const MOST_TO_FLIP = 20;

/**
 * Whether two defenses differ over seeds: by flipping signs, which assumes least, where there are pairs enough for it, else
 * by Student's t.
 * @param differences one a seed; undefined for fewer than two
 */
export function pairedTest(differences: readonly number[]): PairedTest | undefined {
  const n = differences.length;
  if (n < 2) return undefined;
  const mean = differences.reduce((sum, value) => sum + value, 0) / n;
  return n >= ENOUGH_TO_FLIP && n <= MOST_TO_FLIP
    ? { test: 'sign-flip', mean, p: signFlipP(differences) }
    : { test: 'paired t', mean, p: pairedTP(differences) };
}

/** Of Student's paired t-test, two-sided. Differences that are all the same nonzero number have p = 0. */
export function pairedTP(differences: readonly number[]): number {
  const n = differences.length;
  const mean = differences.reduce((sum, value) => sum + value, 0) / n;
  if (mean === 0) return 1;
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return 2 * studentTCdf(-Math.abs(mean) / Math.sqrt(variance / n), n - 1);
}

/**
 * Of the exact permutation test that flips signs (Fisher): the share of all 2ⁿ choices of signs whose mean is at least as
 * far from 0, two-sided.
 * @throws RangeError beyond 20 differences
 */
export function signFlipP(differences: readonly number[]): number {
  const n = differences.length;
  if (n > MOST_TO_FLIP) throw new RangeError(`sign-flip test: ${n} pairs are more than ${MOST_TO_FLIP}`);
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0));
  const tolerance = 1e-12 * differences.reduce((sum, value) => sum + Math.abs(value), 0);
  let asFar = 0;
  for (let signs = 0; signs < 2 ** n; signs++) {
    const sum = differences.reduce((total, value, i) => total + (((signs >> i) & 1) === 1 ? -value : value), 0);
    if (Math.abs(sum) >= observed - tolerance) asFar++;
  }
  return asFar / 2 ** n;
}
