import { meanInterval } from '../mean-interval.js';
import { rateOf } from '../rate.js';
import { bootstrapInterval } from './bootstrap.js';

/** A figure of a model that was made with one seed, or with several that decide nothing of it. */
export interface Repetition {
  /** Tells it from the others of the same model. */
  readonly run: string;
  readonly seeds: readonly number[];
  readonly value: number;
  /** What the value is the mean of, one an image; undefined where it is of nothing that can be drawn again. */
  readonly images?: readonly number[];
}

/** A mean with the 95 % interval that it is known to. */
export interface Estimate {
  readonly value: number;
  readonly interval?: readonly [low: number, high: number];
  /** What the interval is over: seeds, by Student's t; images, by the bootstrap or a score; or there is none. */
  readonly over: 'seeds' | 'images' | 'nothing';
  /** Repetitions. */
  readonly n: number;
}

/** Resampled images are drawn alike wherever they are the same. */
const BOOTSTRAP = { seed: 0, stream: 'statistics/bootstrap' } as const;

/**
 * The figure over all its repetitions. With several, the interval is over seeds, by Student's t: what would come of
 * defending again, on the same images. With one, it is over images, by the percentile bootstrap: what would come of other
 * images; for a rate of 0 or 1, where a bootstrap has no width, by Wilson's score.
 * @returns undefined without repetitions
 */
export function estimateOf(repetitions: readonly Repetition[]): Estimate | undefined {
  if (repetitions.length === 0) return undefined;
  if (repetitions.length > 1) return overSeeds(repetitions.map(({ value }) => value));
  const [{ value, images }] = repetitions;
  return { value, n: 1, ...overImages(images) };
}

/**
 * The first figure less the second: over the seeds that both have or, where there is one pair, over the images of both;
 * where two rates differ on no image, or on all in the same way, and a bootstrap has no width, by Tango's score.
 * @returns undefined where they have no seed in common
 */
export function differenceOf(first: readonly Repetition[], second: readonly Repetition[]): Estimate | undefined {
  const pairs = pairsOf(first, second);
  if (pairs.length === 0) return undefined;
  if (pairs.length > 1) return overSeeds(pairs.map(([a, b]) => a.value - b.value));
  const [[a, b]] = pairs;
  const sameImages = a.images !== undefined && a.images.length > 0 && a.images.length === b.images?.length;
  const value = a.value - b.value;
  if (!sameImages) return { value, n: 1, over: 'nothing' };
  const differences = a.images.map((one, i) => one - (b.images?.[i] ?? 0));
  return {
    value,
    n: 1,
    over: 'images',
    interval:
      (isRate(a.images) && isRate(b.images) ? constantDifference(differences) : undefined) ??
      bootstrapInterval(differences, BOOTSTRAP),
  };
}

/** Whether a mean over these is a rate: every image has it or has it not. */
function isRate(images: readonly number[] | undefined): boolean {
  return images?.every((one) => one === 0 || one === 1) ?? false;
}

/** What was made with the same seed, together; a pair that several seeds share comes once. */
export function pairsOf(
  first: readonly Repetition[],
  second: readonly Repetition[],
): (readonly [Repetition, Repetition])[] {
  return first.flatMap((a) =>
    second.flatMap((b) => (a.seeds.some((seed) => b.seeds.includes(seed)) ? [[a, b] as const] : [])),
  );
}

function overSeeds(values: readonly number[]): Estimate {
  const { mean, half = 0 } = meanInterval(values);
  return { value: mean, interval: [mean - half, mean + half], over: 'seeds', n: values.length };
}

function overImages(images: readonly number[] | undefined): Pick<Estimate, 'interval' | 'over'> {
  if (images === undefined || images.length === 0) return { over: 'nothing' };
  const [{ length }, value] = [images, images[0]];
  const isConstantRate = (value === 0 || value === 1) && images.every((one) => one === value);
  const interval = isConstantRate ? rateOf(value * length, length).interval : bootstrapInterval(images, BOOTSTRAP);
  return { interval, over: 'images' };
}

/**
 * The 95 % interval of a difference of two rates on the same images that is the same on all (Tango, "Equivalence test and
 * confidence interval for the difference in proportions for the paired-sample design", 1998): ±w around 0, and 2 w inwards
 * from 1 and −1, w = z² / (n + z²) being Wilson's bound of 0 in n. Undefined where it is not the same.
 */
function constantDifference(differences: readonly number[]): readonly [low: number, high: number] | undefined {
  const [first] = differences;
  if (differences.some((one) => one !== first)) return undefined;
  const [, width] = rateOf(0, differences.length).interval;
  return first === 0 ? [-width, width] : first > 0 ? [1 - 2 * width, 1] : [-1, 2 * width - 1];
}
