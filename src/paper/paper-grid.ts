import { fileURLToPath } from 'node:url';

import { InputError } from '../core/errors.js';
import { parseGrid, readGrid } from '../experiment/read-grid.js';
import type { Grid } from '../experiment/grid.js';
import { assetFolder } from '../node/assets.js';
import type { PaperItem } from './item.js';

/** What a person may have otherwise than the paper's grids say. */
export interface GridChanges {
  /** Where the attacked models are, in place of every zoo of the grid. */
  readonly zoo?: string;
  /** Labelled images to learn from and to measure on, in place of the emoji world's. */
  readonly data?: string;
  /** Images of those measures that name their own, in their order: another data set, another domain. */
  readonly otherData?: readonly string[];
  /** Image-caption pairs for defenses that learn from pairs. */
  readonly pairs?: string;
  /** Those of the grid's attacks that are wanted, where a zoo has not all of them. */
  readonly attacks?: readonly string[];
  /** How many seeds: 0, 1, 2, … */
  readonly seeds?: number;
  readonly split?: Grid['split'];
}

/**
 * The grids of an item, changed as a person asks for; those of which no attack is wanted are left out.
 * @throws InputError (`usage`) when they do not fit then, or none is left
 */
export async function paperGrids({ name, grids }: PaperItem, changes: GridChanges = {}): Promise<Grid[]> {
  const read = grids.map((grid) => readGrid(fileURLToPath(new URL(`paper/${grid}.yaml`, assetFolder()))));
  const { zoo, attacks } = changes;
  // a model that is trained from labels has no place in a zoo of somebody's own
  const whole = (await Promise.all(read)).filter(
    ({ zoos }) => zoo === undefined || zoos.some(({ makeFromLabels }) => makeFromLabels === undefined),
  );
  if (attacks === undefined) return whole.map((grid) => changed(grid, changes, name));
  const wanted = whole.flatMap((grid) => {
    const left = grid.attacks.filter((attack) => isWanted(attack, attacks));
    return left.length === 0 ? [] : [{ ...grid, attacks: left }];
  });
  if (wanted.length > 0) return wanted.map((grid) => changed(grid, changes, name));
  throw new InputError({
    code: 'usage',
    operation: `choose attacks of ${name}`,
    expected: `some of ${[...new Set(whole.flatMap((grid) => grid.attacks))].join(', ')}`,
    received: attacks.join(', '),
    fix: `Give others to --attacks, or leave ${name} out.`,
  });
}

/** `clean+badnet` is wanted where `badnet` is, `clean` in any case. */
function isWanted(attack: string, attacks: readonly string[]): boolean {
  return attack === 'clean' || attacks.includes(attack.replace(/^clean\+/, ''));
}

function changed(grid: Grid, changes: GridChanges, name: string): Grid {
  const { zoo, data, pairs, seeds, split } = changes;
  return parseGrid(
    {
      ...grid,
      measures: changedMeasures(grid, changes, name),
      ...(zoo === undefined ? {} : { zoos: [{ label: 'zoo', location: zoo }] }),
      ...(data === undefined ? {} : { data }),
      ...(pairs === undefined ? {} : { pairs: { ...grid.pairs, location: pairs } }),
      ...(seeds === undefined ? {} : { seeds: Array.from({ length: seeds }, (_, seed) => seed) }),
      ...(split === undefined ? {} : { split }),
    },
    `change the grid of ${name}`,
  );
}

function changedMeasures({ measures }: Grid, { data, otherData = [] }: GridChanges, name: string): Grid['measures'] {
  const own = measures.filter((measure) => measure.data !== undefined);
  const wanted = data === undefined && otherData.length === 0 ? 0 : own.length;
  if (otherData.length !== wanted) {
    const described = own.map(({ label, measure, data: from }) => `${label ?? measure} on ${from ?? ''}`).join(', ');
    throw new InputError({
      code: 'usage',
      operation: `change the data of ${name}`,
      expected: own.length === 0 ? 'no --other-data: it measures on --data alone' : `--other-data for ${described}`,
      received: otherData.length === 0 ? 'none' : otherData.join(', '),
      fix:
        own.length === 0
          ? 'Leave it out.'
          : `Give --other-data ${own.length === 1 ? 'once' : `${own.length} times, in that order`}.`,
    });
  }
  if (wanted === 0) return measures;
  let next = 0;
  return measures.map((measure) => (measure.data === undefined ? measure : { ...measure, data: otherData[next++] }));
}
