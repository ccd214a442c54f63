import type { Repetition } from '../evaluation/statistics/estimate.js';
import type { CellOutcome } from '../experiment/grid.js';
import { classificationSchema, type ClassificationResult } from '../experiment/measurements/classification.js';
import { chooseCells, measuredOf, repetitionsOf, type CellChoice, type Figure } from './cells.js';
import { titleOf } from '../report/title-of.js';
import type { Named } from './verdicts.js';

/** Rates of the same defended models. */
export interface Rates {
  /** Strict: of triggered images of other classes than the target. */
  readonly asr: readonly Repetition[];
  readonly ca: readonly Repetition[];
  readonly pa: readonly Repetition[];
}

/** What classification found of some cells, image by image. @param label of the measure */
export function ratesOf(outcomes: readonly CellOutcome[], choice: CellChoice, label = 'classification'): Rates {
  const measured = measuredOf(chooseCells(outcomes, choice), label, classificationSchema);
  return {
    asr: repetitionsOf(measured, attackSuccess),
    ca: repetitionsOf(measured, ({ clean, labels, predicted }) => ({
      value: clean.ca,
      images: labels.map((truth, i) => hit(predicted[i] === truth)),
    })),
    pa: repetitionsOf(measured, ({ attacked, labels, triggered }) =>
      attacked === null || triggered === null
        ? undefined
        : { value: attacked.pa, images: labels.map((truth, i) => hit(triggered[i] === truth)) },
    ),
  };
}

function attackSuccess({ attacked, labels, target, triggered }: ClassificationResult): Figure | undefined {
  if (attacked === null || target === null || triggered === null) return undefined;
  const images = labels.flatMap((truth, i) => (truth === target.index ? [] : [hit(triggered[i] === target.index)]));
  return { value: attacked.asr_strict, images };
}

const hit = (is: boolean): number => (is ? 1 : 0);

/** Rates by their names in sentences: `BadNet, RVPT: ASR`. @param label of the measure; said too where it is given */
export function namedRate(
  outcomes: readonly CellOutcome[],
  label?: string,
): (rate: keyof Rates, attack: string, defense: string) => Named {
  return (rate, attack, defense) => ({
    name: `${[titleOf(attack), titleOf(defense), ...(label === undefined ? [] : [label])].join(', ')}: ${rate.toUpperCase()}`,
    repetitions: ratesOf(outcomes, { attack, defense }, label)[rate],
  });
}
