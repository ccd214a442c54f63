import type { z } from 'zod';

import type { Repetition } from '../evaluation/statistics/estimate.js';
import type { Cell, CellOutcome } from '../experiment/grid.js';

/** Which cells: those that have all that is named here. */
export type CellChoice = Partial<Pick<Cell, 'zoo' | 'attack' | 'defense' | 'method' | 'withoutTarget'>>;

/** Cells of a choice, in the order of the outcomes. */
export function chooseCells(outcomes: readonly CellOutcome[], choice: CellChoice): CellOutcome[] {
  const { zoo, attack, defense, method, withoutTarget } = choice;
  return outcomes.filter(
    ({ cell }) =>
      (zoo ?? cell.zoo) === cell.zoo &&
      (attack ?? cell.attack) === cell.attack &&
      (defense ?? cell.defense) === cell.defense &&
      (method ?? cell.method) === cell.method &&
      (withoutTarget ?? cell.withoutTarget) === cell.withoutTarget,
  );
}

/** What one axis of the grid holds, each once, in the order of the outcomes. */
export function namesIn(outcomes: readonly CellOutcome[], axis: 'zoo' | 'attack' | 'defense'): string[] {
  return [...new Set(outcomes.map(({ cell }) => cell[axis]))];
}

/** Labels of what was measured, each once, in the order of the outcomes. */
export function measuresIn(outcomes: readonly CellOutcome[]): string[] {
  return [...new Set(outcomes.flatMap(({ measured }) => Object.keys(measured)))];
}

/** What was measured of one defended model. */
export interface Measured<Result> {
  readonly run: string;
  /** The seeds that it stands for: several where they decide nothing, as without a defense. */
  readonly seeds: readonly number[];
  readonly cell: Cell;
  readonly result: Result;
}

/**
 * What a measurement found of each defended model, each run once. Cells where it did not finish are left out.
 * @param label of the measure in the grid
 * @throws ZodError when what was measured is something else than `schema` says: a layout that takes the wrong measure
 */
export function measuredOf<Schema extends z.ZodType>(
  outcomes: readonly CellOutcome[],
  label: string,
  schema: Schema,
): Measured<z.output<Schema>>[] {
  const found = new Map<string, Measured<z.output<Schema>>>();
  for (const { cell, run, measured } of outcomes) {
    if (!(label in measured)) continue;
    const same = found.get(run);
    found.set(
      run,
      same === undefined
        ? { run, seeds: [cell.seed], cell, result: schema.parse(measured[label]) }
        : { ...same, seeds: [...new Set([...same.seeds, cell.seed])] },
    );
  }
  return [...found.values()];
}

/** A figure of a measured model; `images` where it is a mean over them, so that it can be told how sure it is. */
export type Figure = number | { readonly value: number; readonly images: readonly number[] };

/** The figure of each defended model, as {@link estimateOf} and {@link differenceOf} take it; undefined ones are left out. */
export function repetitionsOf<Result>(
  measured: readonly Measured<Result>[],
  figureOf: (result: Result) => Figure | undefined,
): Repetition[] {
  return measured.flatMap(({ run, seeds, result }): Repetition[] => {
    const figure = figureOf(result);
    if (figure === undefined) return [];
    return [{ run, seeds, ...(typeof figure === 'number' ? { value: figure } : figure) }];
  });
}
