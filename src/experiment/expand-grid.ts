import { InputError } from '../core/errors.js';
import type { Json, JsonObject } from '../core/json.js';
import { firstFew } from '../data/problems.js';
import { repeated } from '../data/repeated.js';
import type { Cell, Grid, GridDefense } from './grid.js';

/** A cell of a grid, with what the grid says of it. */
export interface GridCell {
  readonly cell: Cell;
  /** Where the attacked model is. */
  readonly zoo: Grid['zoos'][number];
  /** As the grid has it: `rvpt`, `rvpt@paper`. */
  readonly method: string;
  /** The grid's, with those that are varied. */
  readonly settings: JsonObject;
  readonly shots: number;
  /** Undefined: the data set's own. */
  readonly templates: readonly string[] | undefined;
}

/**
 * Every zoo × attack × defense, each with every combination of what is varied of it, × seed: model by model, so that
 * what hangs on a model is shared.
 * @throws InputError (`usage`) when there are too many, or two of them, or two measures, could not be told apart by their
 * labels
 */
export function expandGrid(grid: Grid): GridCell[] {
  refuseTooMany(grid);
  const variants = grid.defenses.flatMap((defense) => variantsOf(defense, grid.shots));
  refuseRepeated(
    'zoos',
    grid.zoos.map(({ label }) => label),
  );
  refuseRepeated('attacks', grid.attacks);
  refuseRepeated(
    'defenses',
    variants.map(({ label }) => label),
  );
  refuseRepeated('seeds', grid.seeds.map(String));
  refuseRepeated(
    'measures',
    grid.measures.map((measure) => measure.label ?? measure.measure),
  );
  return grid.zoos.flatMap((zoo) =>
    grid.attacks.flatMap((attack) =>
      variants.flatMap(({ label, method, settings, varied, shots, withoutTarget, templates }) =>
        grid.seeds.map((seed): GridCell => {
          const [name] = method.split('@', 1);
          const cell = { zoo: zoo.label, attack, defense: label, method: name, varied, withoutTarget, seed };
          return { cell, zoo, method, settings, shots, templates };
        }),
      ),
    ),
  );
}

/** More than anybody has run; few enough to be listed in memory. */
const MOST_CELLS = 100_000;

/** Counts cells without making them: a few lines of YAML can ask for more than there is memory. */
function refuseTooMany({ zoos, attacks, defenses, seeds }: Grid): void {
  const variants = defenses.map(({ vary, shots }) =>
    Object.values(vary).reduce((product, values) => product * values.length, shots?.length ?? 1),
  );
  const cells = zoos.length * attacks.length * seeds.length * variants.reduce((sum, count) => sum + count, 0);
  if (cells <= MOST_CELLS) return;
  throw new InputError({
    code: 'usage',
    operation: 'expand the grid',
    expected: `at most ${MOST_CELLS} cells`,
    received: cells.toExponential(1),
    fix: 'Vary fewer settings, or make several grids of it.',
  });
}

/** A defense with one combination of what is varied of it. */
interface Variant extends Pick<GridCell, 'method' | 'settings' | 'shots' | 'templates'> {
  readonly label: string;
  readonly varied: JsonObject;
  readonly withoutTarget: boolean;
}

function variantsOf(defense: GridDefense, gridShots: number): Variant[] {
  const { label, method, settings, vary, shots, withoutTarget, templates } = defense;
  return combinations(Object.entries(vary)).flatMap((chosen) =>
    (shots ?? [undefined]).map((count): Variant => {
      const varied = { ...chosen, ...(count === undefined ? {} : { shots: count }) };
      const parts = Object.entries(varied).map(([key, value]) => ` ${key}=${textOf(value)}`);
      return {
        label: `${label ?? method}${parts.join('')}`,
        method,
        settings: { ...settings, ...chosen },
        varied,
        shots: count ?? gridShots,
        withoutTarget,
        templates,
      };
    }),
  );
}

/** Every choice of one value an axis; the last axis turns fastest. */
function combinations(axes: readonly (readonly [string, readonly Json[]])[]): JsonObject[] {
  return axes.reduce<JsonObject[]>(
    (done, [key, values]) => done.flatMap((chosen) => values.map((value) => ({ ...chosen, [key]: value }))),
    [{}],
  );
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function refuseRepeated(what: string, labels: readonly string[]): void {
  const twice = repeated(labels);
  if (twice.length === 0) return;
  throw new InputError({
    code: 'usage',
    operation: 'expand the grid',
    expected: `${what} with labels of their own`,
    received: `more than one of ${firstFew(twice)}`,
    fix: `Give each of the ${what} another \`label\`, or leave out what is there twice.`,
  });
}
