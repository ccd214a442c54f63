import { Random } from '../../tensor/random.js';

export interface BootstrapOptions {
  readonly seed: number;
  /** Names the stream. */
  readonly stream: string;
  readonly resamples?: number;
}

const RESAMPLES = 2000;

/**
 * The 95 % interval of a mean by the percentile bootstrap (Efron, "Bootstrap methods: another look at the jackknife",
 * 1979): the middle 95 % of the means of samples drawn with replacement.
 * @param values one an image: 1 where the answer counts, 0 where not; or differences of two models
 * @throws RangeError when there are none
 */
export function bootstrapInterval(
  values: readonly number[],
  { seed, stream, resamples = RESAMPLES }: BootstrapOptions,
): [low: number, high: number] {
  const n = values.length;
  if (n === 0) throw new RangeError('bootstrap: no values');
  const random = Random.stream(seed, stream);
  const means = Float64Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += values[random.below(n)];
    return sum / n;
  }).sort();
  return [quantile(means, 0.025), quantile(means, 0.975)];
}

/** Between the two nearest ranks, linearly. @param sorted rising */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}
