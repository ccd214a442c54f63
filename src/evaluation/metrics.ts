import { InputError } from '../core/errors.js';
import type { CleanPredictions, TriggeredPredictions } from './predictions.js';
import { rateOf, type Rate } from './rate.js';

/** CA: share of clean images given their true class. @throws InputError (`data`) when there are no images. */
export function cleanAccuracy(predictions: CleanPredictions): Rate {
  return share(
    'clean accuracy',
    predictions,
    () => true,
    (label, predicted) => predicted === label,
  );
}

/**
 * ASR, strict: share of the triggered images of *other* classes that are given the target class. An image of the
 * target class called by its name is no success of the attack, so it counts neither above nor below the line.
 * @throws InputError (`data`) when all images are of the target class.
 */
export function strictAttackSuccessRate(predictions: TriggeredPredictions): Rate {
  const { target } = predictions;
  return share(
    'strict attack success rate',
    predictions,
    (label) => label !== target,
    (_, predicted) => predicted === target,
  );
}

/** ASR, inclusive: share of *all* triggered images that are given the target class, as BadCLIP and PAR count it. */
export function inclusiveAttackSuccessRate(predictions: TriggeredPredictions): Rate {
  const { target } = predictions;
  return share(
    'inclusive attack success rate',
    predictions,
    () => true,
    (_, predicted) => predicted === target,
  );
}

/** PA: share of triggered images, those of the target class included, given their true class. */
export function poisonedAccuracy(predictions: TriggeredPredictions): Rate {
  return share(
    'poisoned accuracy',
    predictions,
    () => true,
    (label, predicted) => predicted === label,
  );
}

/** What `rvpt evaluate --json` prints of clean images. Rates are fractions, not rounded; intervals are Wilson's, 95 %. */
export interface CleanMetrics {
  readonly ca: number;
  readonly ca_interval: readonly [number, number];
  readonly n: number;
}

/** … and of triggered ones. */
export interface AttackMetrics {
  readonly asr_strict: number;
  readonly asr_strict_interval: readonly [number, number];
  /** Triggered images that are not of the target class. */
  readonly asr_strict_n: number;
  readonly asr_inclusive: number;
  readonly asr_inclusive_interval: readonly [number, number];
  /** All triggered images. */
  readonly asr_inclusive_n: number;
  readonly pa: number;
  readonly pa_interval: readonly [number, number];
}

export type Metrics = CleanMetrics & Partial<AttackMetrics>;

export function cleanMetrics(predictions: CleanPredictions): CleanMetrics {
  const { rate, interval, n } = cleanAccuracy(predictions);
  return { ca: rate, ca_interval: interval, n };
}

export function attackMetrics(predictions: TriggeredPredictions): AttackMetrics {
  const strict = strictAttackSuccessRate(predictions);
  const inclusive = inclusiveAttackSuccessRate(predictions);
  const poisoned = poisonedAccuracy(predictions);
  return {
    asr_strict: strict.rate,
    asr_strict_interval: strict.interval,
    asr_strict_n: strict.n,
    asr_inclusive: inclusive.rate,
    asr_inclusive_interval: inclusive.interval,
    asr_inclusive_n: inclusive.n,
    pa: poisoned.rate,
    pa_interval: poisoned.interval,
  };
}

/** Of the images whose label `counts`, the share that `hits`. */
function share(
  metric: string,
  { labels, predicted }: CleanPredictions | TriggeredPredictions,
  counts: (label: number) => boolean,
  hits: (label: number, predicted: number) => boolean,
): Rate {
  let n = 0;
  let hit = 0;
  labels.forEach((label, i) => {
    if (!counts(label)) return;
    n++;
    if (hits(label, predicted[i])) hit++;
  });
  if (n > 0) return rateOf(hit, n);
  throw new InputError({
    code: 'data',
    operation: `compute the ${metric}`,
    expected: 'at least one image that counts',
    received: labels.length === 0 ? 'no images' : `${labels.length} images, all of the target class`,
  });
}
