import path from 'node:path';

import { InputError } from '../core/errors.js';
import { jsonObjectOf, type JsonObject } from '../core/json.js';
import { defaultTemplate } from '../data/class-prompts.js';
import { canonicalDataList } from '../data/dataset.js';
import { chooseFewShot } from '../data/few-shot.js';
import type { Sample } from '../data/sample.js';
import type { Defense } from '../defense/defense.js';
import { makeDefense } from '../defense/defenses.js';
import { resolveTarget } from '../evaluation/target.js';
import { sha256OfJson, sha256OfText } from '../run/provenance.js';
import { attackProblems, type AttackedModel, type AttackedModels } from './attacked-models.js';
import { cellFiles } from './cell-record.js';
import { expandGrid, type GridCell } from './expand-grid.js';
import { withoutClass, type GridImages, type GridImageSource } from './grid-images.js';
import type { GridPairSource } from './grid-pairs.js';
import type { Cell, Grid } from './grid.js';
import type { Measurement } from './measurement.js';
import { makeMeasurement } from './measurements.js';

/** Raised whenever the same identity comes to mean another computation: nothing that was stored is taken for it then. */
const CELL_FORMAT = 'rvpt-cell-1';
const MEASUREMENT_FORMAT = 'rvpt-measurement-1';

/** Of whatever is drawn while measuring: the same for all cells, so that they compare on the same images. */
export const MEASURING_SEED = 0;

/** One run folder: a defense of a model, and everything that is measured of it. */
export interface PlannedRun {
  /** Named by what decides the result. */
  readonly folder: string;
  readonly identity: JsonObject;
  /** The cells of the grid that it is: several where their seeds, say, decide nothing. */
  readonly cells: readonly Cell[];
  readonly model: AttackedModel;
  readonly defense: Defense;
  readonly training: Pick<GridImages, 'classNames' | 'samples' | 'open'>;
  /** Images of `training` to learn from. */
  readonly samples: readonly Sample[];
  readonly templates: readonly string[];
  readonly seed: number;
  readonly measures: readonly PlannedMeasure[];
}

export interface PlannedMeasure {
  readonly label: string;
  readonly file: string;
  readonly identity: JsonObject;
  readonly measurement: Measurement;
  readonly images: GridImages;
  /** Undefined: the data set's own. */
  readonly templates: readonly string[] | undefined;
}

/** All that a grid asks for. */
export interface GridPlan {
  /** Every cell in the order of the grid, and the folder of its run. */
  readonly cells: readonly { readonly cell: Cell; readonly folder: string }[];
  /** Each run once. */
  readonly runs: readonly PlannedRun[];
}

/** Where cells find what they share. */
export interface GridSources {
  readonly models: AttackedModels;
  readonly images: GridImageSource;
  readonly pairs: GridPairSource;
}

/**
 * Finds out what each cell of a grid hangs on, and names its folder by it. Opens models and lists data; computes nothing.
 * @param runs the folder of all runs
 * @throws InputError (`usage`) that lists everything that does not fit together
 */
export async function planCells(grid: Grid, runs: string, sources: GridSources): Promise<GridPlan> {
  const cells = expandGrid(grid);
  const problems = new Set(await attackProblems(grid));
  const planned = new Map<string, PlannedRun>();
  const placed: GridPlan['cells'][number][] = [];
  for (const cell of problems.size > 0 ? [] : cells) {
    try {
      const run = await planCell(grid, cell, runs, sources);
      const same = planned.get(run.folder);
      planned.set(run.folder, same === undefined ? run : { ...same, cells: [...same.cells, cell.cell] });
      placed.push({ cell: cell.cell, folder: run.folder });
    } catch (thrown) {
      if (!(thrown instanceof InputError)) throw thrown;
      problems.add(thrown.message);
    }
  }
  if (problems.size === 0) return { cells: placed, runs: [...planned.values()] };
  throw new InputError({
    code: 'usage',
    operation: `plan the grid ${grid.name}`,
    expected: 'models, data and settings that fit together',
    received: problems.size === 1 ? 'a problem' : `${problems.size} problems`,
    fix: `\n  ${[...problems].join('\n  ')}`,
  });
}

async function planCell(grid: Grid, cell: GridCell, runs: string, sources: GridSources): Promise<PlannedRun> {
  const model = await sources.models.open(cell.zoo, cell.cell.attack);
  const defense = makeDefense(model.clip.weights.architecture, cell.method, cell.settings);
  const pool = await sources.images.training(grid.data, cell.shots);
  const training = cell.cell.withoutTarget ? withoutTarget(pool, cell, model) : pool;
  const learnsImages = defense.needs === 'images';
  const samples = learnsImages ? chooseFewShot(training, { shots: cell.shots, seed: cell.cell.seed }).train : [];
  const templates = cell.templates ?? training.templates ?? [defaultTemplate];
  // what learns from nothing is the same whatever the seed
  const seed = defense.needs === 'nothing' ? 0 : cell.cell.seed;
  const identity: JsonObject = {
    format: CELL_FORMAT,
    method: defense.name,
    settings: jsonObjectOf(defense.settings),
    seed,
    model: model.identity,
    attack: model.attack?.identity ?? null,
    data: pool.identity,
    templates,
    without_target: cell.cell.withoutTarget,
    ...(grid.alone ? { alone: true } : {}),
    ...(learnsImages ? { shots: cell.shots, samples: sha256OfText(canonicalDataList({ ...training, samples })) } : {}),
    ...(defense.needs === 'pairs' ? { pairs: (await sources.pairs.open(model.clip.preprocess)).identity } : {}),
  };
  const name = `${cell.cell.attack}-${defense.name}-${shortHash(identity)}`;
  const folder = path.join(runs, name);
  return {
    ...{ folder, identity, cells: [cell.cell], model, defense, training, samples, templates, seed },
    measures: await planMeasures(grid, cell, folder, model, sources),
  };
}

function withoutTarget(pool: GridImages, { cell }: GridCell, { attack }: AttackedModel): GridImages {
  if (attack === undefined) {
    throw new InputError({
      code: 'usage',
      operation: `leave the target out of what ${cell.defense} learns from`,
      expected: 'a model with an attack',
      received: cell.attack,
      fix: 'Leave out `withoutTarget`, or the attack.',
    });
  }
  return withoutClass(pool, resolveTarget(attack.target, pool.classNames));
}

async function planMeasures(
  grid: Grid,
  { templates }: GridCell,
  folder: string,
  { attack }: AttackedModel,
  { images: source }: GridSources,
): Promise<PlannedMeasure[]> {
  const planned: PlannedMeasure[] = [];
  for (const { measure, label = measure, data, perClass, settings } of grid.measures) {
    const measurement = makeMeasurement(measure, settings);
    const own = data !== undefined && data !== grid.data;
    const images = await source.measured(data ?? grid.data, grid.split, perClass, own);
    const identity = {
      format: MEASUREMENT_FORMAT,
      measure: measurement.name,
      settings: jsonObjectOf(measurement.settings),
      data: images.identity,
      split: grid.split,
      templates: templates ?? images.templates ?? [defaultTemplate],
      attack: attack?.identity ?? null,
      seed: MEASURING_SEED,
    };
    const file = path.join(folder, cellFiles.measurements, `${measurement.name}-${shortHash(identity)}.json`);
    planned.push({ label, file, identity, measurement, images, templates });
  }
  return planned;
}

/** Enough of a digest to name a file by; the whole of it is checked when the file is read. */
function shortHash(identity: JsonObject): string {
  return sha256OfJson(identity).slice(0, 12);
}
