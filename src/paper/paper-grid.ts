import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { InputError } from '../core/errors.js';
import { parseGrid, readGrid } from '../experiment/read-grid.js';
import { CLEAN, modelsWanted, namesIn } from '../experiment/attacked-models.js';
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
  /** Images a class to learn from. */
  readonly shots?: number;
  /** How many seeds: 0, 1, 2, … */
  readonly seeds?: number;
  readonly split?: Grid['split'];
}

/**
 * The grids of an item, changed as a person asks for; those of which no attack is wanted are left out, and so is what
 * only the emoji world has where something else takes its place.
 * @throws InputError (`usage`) when they do not fit then, none is left, or the zoo lacks some of the models
 */
export async function paperGrids(item: PaperItem, changes: GridChanges = {}): Promise<Grid[]> {
  const { name } = item;
  const read = item.grids.map((grid) => readGrid(fileURLToPath(new URL(`paper/${grid}.yaml`, assetFolder()))));
  const { attacks } = changes;
  const whole = (await Promise.all(read)).filter((grid) => !isOfWorldAlone(grid, changes));
  const wanted = attacks === undefined ? whole : withAttacks(whole, attacks, name);
  const grids = wanted.map((grid) => changed(grid, changes, name));
  if (changes.zoo !== undefined) await refuseLacking(changes.zoo, grids, name);
  return grids;
}

function withAttacks(grids: readonly Grid[], attacks: readonly string[], name: string): Grid[] {
  const wanted = grids.flatMap((grid) => {
    const left = grid.attacks.filter((attack) => isWanted(attack, attacks));
    return left.length === 0 ? [] : [{ ...grid, attacks: left }];
  });
  if (wanted.length > 0) return wanted;
  throw new InputError({
    code: 'usage',
    operation: `choose attacks of ${name}`,
    expected: `some of ${[...new Set(grids.flatMap((grid) => grid.attacks))].join(', ')}`,
    received: attacks.join(', '),
    fix: `Give others to --attacks, or leave ${name} out.`,
  });
}

/** @throws InputError (`usage`) when a zoo has not all models of an item */
async function refuseLacking(zoo: string, grids: readonly Grid[], name: string): Promise<void> {
  const wanted = modelsWanted(grids.flatMap(({ attacks }) => attacks));
  const there = await namesIn({ location: zoo });
  const lacking = wanted.filter((model) => !there.includes(model));
  if (lacking.length === 0) return;
  const left = wanted.filter((model) => model !== CLEAN && there.includes(model));
  throw new InputError({
    code: 'usage',
    operation: `find the models of ${name} in ${zoo}`,
    expected: `a model folder for each of ${wanted.join(', ')}`,
    received: there.length === 0 ? 'none' : there.join(', '),
    fix: lacking.includes(CLEAN)
      ? `It measures the model that nobody attacked too: put it there as ${CLEAN}.`
      : left.length === 0
        ? 'A model is a folder in it, named as the attack, as `rvpt poison` writes it.'
        : `Take those that are there: ${left.map((model) => `--attacks ${model}`).join(' ')}.`,
  });
}

/** Whether a grid says nothing of what a person has instead. */
function isOfWorldAlone({ zoos, pairs }: Grid, { zoo, data, pairs: other, shots }: GridChanges): boolean {
  // a model that is trained from labels has no place in a zoo of somebody's own
  if (zoo !== undefined && zoos.every(({ makeFromLabels }) => makeFromLabels !== undefined)) return true;
  // so many pairs are as many as there are images of the emoji world to learn from
  return pairs.count !== undefined && [data, other, shots].some((change) => change !== undefined);
}

/** `clean+badnet` is wanted where `badnet` is, `clean` in any case. */
function isWanted(attack: string, attacks: readonly string[]): boolean {
  return attack === 'clean' || attacks.includes(attack.replace(/^clean\+/, ''));
}

function changed(grid: Grid, changes: GridChanges, name: string): Grid {
  const { zoo, data, pairs, seeds, split, shots } = changes;
  return parseGrid(
    {
      ...grid,
      measures: changedMeasures(grid, changes, name),
      ...(zoo === undefined ? {} : { zoos: [{ label: 'zoo', location: zoo }] }),
      ...(data === undefined ? {} : { data }),
      ...(pairs === undefined ? {} : { pairs: { ...grid.pairs, location: pairs } }),
      ...(seeds === undefined ? {} : { seeds: Array.from({ length: seeds }, (_, seed) => seed) }),
      ...(split === undefined ? {} : { split }),
      ...(shots === undefined ? {} : { shots }),
    },
    `change the grid of ${name}`,
  );
}

function changedMeasures({ measures }: Grid, changes: GridChanges, name: string): Grid['measures'] {
  const { zoo, data, otherData = [] } = changes;
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
  // a captioner knows the scenes of the emoji world and the embeddings of the package's models
  const left =
    zoo === undefined && data === undefined ? measures : measures.filter(({ measure }) => measure !== 'captioning');
  if (wanted === 0) return left;
  const labels = labelsOf(otherData);
  let next = 0;
  return left.map((measure) => {
    if (measure.data === undefined) return measure;
    const place = next++;
    return { ...measure, data: otherData[place], label: labels[place] };
  });
}

/** The longest label that a grid takes. */
const LABEL_LENGTH = 80;

/** What data are called in tables: their last names, or where these do not tell them apart, numbered, all of where they are. */
function labelsOf(locations: readonly string[]): string[] {
  const names = locations.map((location) => path.basename(location) || location);
  const labels = new Set(names).size === names.length ? names : locations.map((location, i) => `${i + 1}: ${location}`);
  return labels.map((label) => label.slice(0, LABEL_LENGTH));
}
