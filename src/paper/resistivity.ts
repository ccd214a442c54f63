import { estimateOf } from '../evaluation/statistics/estimate.js';
import type { CellOutcome } from '../experiment/grid.js';
import { resistivitySchema } from '../experiment/measurements/resistivity.js';
import { curveChart } from '../report/charts/curve.js';
import type { Chart } from '../report/document.js';
import { chooseCells, measuredOf, repetitionsOf, type CellChoice, type Measured } from './cells.js';
import { chartEstimate } from './estimates.js';
import type { Named } from './verdicts.js';

/** A model whose PR is drawn: what the legend calls it, and which cells are of it. */
export interface PrSeries {
  readonly label: string;
  readonly choice: CellChoice;
}

/** PR after 0 … L blocks under one perturbation, of every run of a series. */
function curvesOf(outcomes: readonly CellOutcome[], { choice }: PrSeries, perturbation: string): Measured<number[]>[] {
  return measuredOf(chooseCells(outcomes, choice), 'resistivity', resistivitySchema).flatMap(({ result, ...rest }) =>
    result.perturbations.flatMap(({ name, pr }) => (name === perturbation ? [{ ...rest, result: pr }] : [])),
  );
}

/** Mean PR by block under one perturbation, a curve a series; none where nothing was measured. */
export function prChart(
  outcomes: readonly CellOutcome[],
  title: string,
  perturbation: string,
  series: readonly PrSeries[],
): Chart[] {
  const curves = series.flatMap((one) => {
    const measured = curvesOf(outcomes, one, perturbation);
    const blocks = Math.max(0, ...measured.map(({ result }) => result.length));
    const points = Array.from({ length: blocks }, (_, x) => {
      const estimate = estimateOf(repetitionsOf(measured, (pr) => pr.at(x)));
      return estimate === undefined ? [] : [{ x, ...chartEstimate(estimate, 'cosine') }];
    }).flat();
    return points.length === 0 ? [] : [{ label: one.label, points }];
  });
  if (curves.length === 0) return [];
  return [curveChart({ title, x: { title: 'blocks' }, y: { title: 'PR (cosine)', unit: 'number' }, curves })];
}

/** Mean PR over the deeper half of the blocks, where the paper finds CLIP's low. */
export function deepPr(outcomes: readonly CellOutcome[], series: PrSeries, perturbation: string): Named {
  return {
    name: series.label,
    repetitions: repetitionsOf(curvesOf(outcomes, series, perturbation), (pr) => mean(deeperHalf(pr))),
  };
}

/** Mean PR over the other half, the input left out: it is the same in every model of one size. */
export function shallowPr(outcomes: readonly CellOutcome[], series: PrSeries, perturbation: string): Named {
  return {
    name: `${series.label}, first half of the blocks`,
    repetitions: repetitionsOf(curvesOf(outcomes, series, perturbation), (pr) =>
      mean(pr.slice(1, pr.length - deeperHalf(pr).length)),
    ),
  };
}

/** Of PR after 0 … L blocks that after more than L / 2 of them. */
function deeperHalf(pr: readonly number[]): number[] {
  const blocks = pr.length - 1;
  return pr.slice(Math.floor(blocks / 2) + 1);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
