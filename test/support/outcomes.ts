import type { Cell, CellOutcome } from '../../src/experiment/grid.js';
import { classificationSchema, type ClassificationResult } from '../../src/experiment/measurements/classification.js';

/** Images of each of the two classes, of which the second is the target. */
const PER_CLASS = 100;

/** Rates in percent of {@link PER_CLASS} images; whole numbers. */
export interface OutcomeRates {
  readonly ca: number;
  /** Of triggered images of the other class. */
  readonly asr: number;
  /** Shifts which images are hit, so that two models of equal rates need not agree on them. */
  readonly from?: number;
}

/** What classification finds of a model with these rates: an image that is not taken for the target is named rightly. */
export function classificationOf({ ca, asr, from = 0 }: OutcomeRates): ClassificationResult {
  const labels = Array.from({ length: 2 * PER_CLASS }, (_, i) => (i < PER_CLASS ? 0 : 1));
  const isHit = (i: number, percent: number): boolean => (i + from) % PER_CLASS < percent;
  const predicted = labels.map((truth, i) => (isHit(i, ca) ? truth : 1 - truth));
  const triggered = labels.map((truth, i) => (truth === 1 || isHit(i, asr) ? 1 : 0));
  const width: [number, number] = [0, 1]; // Wilson's, which no layout reads
  return classificationSchema.parse({
    clean: { ca: ca / 100, ca_interval: width, n: 2 * PER_CLASS },
    attacked: {
      ...{ asr_strict: asr / 100, asr_strict_interval: width, asr_strict_n: PER_CLASS },
      ...{ asr_inclusive: (asr + 100) / 200, asr_inclusive_interval: width, asr_inclusive_n: 2 * PER_CLASS },
      ...{ pa: (200 - asr) / 200, pa_interval: width },
    },
    target: { index: 1, name: 'banana' },
    classes: ['apple', 'banana'],
    images: labels.map((_, i) => `${i}.png`),
    ...{ labels, predicted, triggered, skipped: [] },
  });
}

/** An outcome by hand. @param run a folder of its own for every seed, but without a defense */
export function outcomeOf(
  cell: Partial<Cell> & Pick<Cell, 'attack' | 'defense'>,
  measured: CellOutcome['measured'],
  rest: Partial<CellOutcome> = {},
): CellOutcome {
  const { attack, defense, seed = 0 } = cell;
  return {
    cell: {
      ...{ zoo: 'zoo', method: defense.split(/[@ ]/)[0], varied: {}, withoutTarget: false, seed },
      ...cell,
    },
    run: `runs/${attack}-${defense}-${defense === 'none' ? 0 : seed}`,
    cost: { seconds: 1, peakBytes: 1, steps: 1, trainableParameters: 1, samples: 1 },
    measured,
    failures: [],
    ...rest,
  };
}

/** Outcomes of one defense of one attack, a seed for each pair of rates. @param label of the measure */
export function classified(
  attack: string,
  defense: string,
  rates: readonly OutcomeRates[],
  cell: Partial<Cell> = {},
  label = 'classification',
): CellOutcome[] {
  return rates.map((one, seed) => outcomeOf({ attack, defense, seed, ...cell }, { [label]: classificationOf(one) }));
}
