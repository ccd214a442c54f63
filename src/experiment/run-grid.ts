import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';

import { silentProgress, type Progress } from '../core/progress.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import { claimFolder } from '../run/claim-folder.js';
import { FolderLock } from '../run/lock.js';
import type { Runtime } from '../runtime/session.js';
import { AttackedModels } from './attacked-models.js';
import { expandGrid } from './expand-grid.js';
import { GridImageSource, isOfWorld, type GridImages } from './grid-images.js';
import { GridPairSource } from './grid-pairs.js';
import type { Cell, CellOutcome, Grid } from './grid.js';
import { isToBeMade, makeZoos } from './make-zoos.js';
import { lacksTarget } from './measurements/target.js';
import { planCells, type GridPlan, type GridSources } from './plan-cells.js';
import { inspectRun, isFinished, isOpen, runCell, type RunState } from './run-cell.js';
import { sideBySide } from './side-by-side.js';
import { nameOf, SweepProgress } from './sweep-progress.js';

/** Where a grid's runs are, and who is told what happens. */
export interface GridOptions {
  /** Folder of all runs, in `runs`, and of rendered data. Grids may share one, and then share their cells. */
  readonly out: string;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Told a sentence for a person. */
  readonly note?: (line: string) => void;
}

/** How a grid is run. */
export interface RunGridOptions extends GridOptions {
  /** Cells that go on side by side, each with its share of the threads. */
  readonly jobs?: number;
  /** Threads of all of them together; one for every available processor by default. */
  readonly threads?: number;
  /** Where cells run; by default onnxruntime on the CPU. Asked once a job, and not before there is work. */
  readonly openRuntime?: (threads: number) => Runtime;
}

/** A cell, and how far it is. */
export interface CellStatus {
  readonly cell: Cell;
  /** Its run folder; null while the model is still to be made. */
  readonly run: string | null;
  readonly state: 'finished' | 'begun' | 'absent' | 'changed by hand';
}

/** Each job holds a model, and what training it takes. */
const DEFAULT_JOBS = 1;

/** Folders in `out`. */
const folders = { runs: 'runs', data: 'data' } as const;

/**
 * How far each cell of a grid is, in the order of the grid; computes nothing and writes nothing.
 * @throws InputError (`usage`) that lists everything in the grid that does not fit together
 */
export async function inspectGrid(grid: Grid, options: GridOptions): Promise<CellStatus[]> {
  const { out } = options;
  await using models = new AttackedModels();
  const sources = sourcesOf(grid, options, models);
  const toBeMade = await Promise.all(grid.zoos.map((zoo) => isToBeMade(zoo, grid.attacks)));
  const there = { ...grid, zoos: grid.zoos.filter((_, i) => !toBeMade[i]) };
  const plan = await planCells(there, path.join(out, folders.runs), sources);
  const states = await inspectRuns(plan);
  const statuses = plan.cells.map(({ cell, folder }): CellStatus => ({
    cell,
    run: folder,
    state: stateName(stateOf(states, folder)),
  }));
  const cells = expandGrid(grid).map(({ cell }) => cell);
  return grid.zoos.flatMap(({ label }, i) =>
    toBeMade[i]
      ? cells.filter(({ zoo }) => zoo === label).map((cell): CellStatus => ({ cell, run: null, state: 'absent' }))
      : statuses.filter(({ cell }) => cell.zoo === label),
  );
}

function stateName(state: RunState): CellStatus['state'] {
  if (state.failures.length > 0) return 'changed by hand';
  if (isFinished(state)) return 'finished';
  return state.stored === undefined ? 'absent' : 'begun';
}

/**
 * Runs what is not there yet of a grid, and reads the rest. A cell that fails is recorded, and the others go on; it is
 * tried again the next time. Killed at any moment, it goes on where it was.
 * @returns what came of every cell, in the order of the grid
 * @throws InputError (`usage`) that lists everything in the grid that does not fit together; (`locked`) when another
 * sweep writes into the folder; (`storage`)
 */
export async function runGrid(grid: Grid, options: RunGridOptions): Promise<CellOutcome[]> {
  const { out } = options;
  await claimFolder(`sweep into ${out}`, out, ...Object.values(folders));
  const lock = await FolderLock.acquire(out);
  try {
    return await sweep(grid, options);
  } finally {
    await lock.release();
  }
}

async function sweep(grid: Grid, options: RunGridOptions): Promise<CellOutcome[]> {
  const runs = path.join(options.out, folders.runs);
  await mkdir(runs, { recursive: true });
  await makeZoos(grid, {
    work: path.join(options.out, folders.data),
    openRuntime: () => runtimeOf(options, 1),
    progress: options.progress ?? silentProgress,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    note: options.note ?? (() => undefined),
  });
  await using models = new AttackedModels();
  const sources = sourcesOf(grid, options, models);
  const plan = await planCells(grid, runs, sources);
  noteForeignTargets(grid, plan, options.note);
  const states = await inspectRuns(plan);
  await workThrough(plan, states, sources, grid.alone ? { ...options, jobs: 1 } : options);
  return outcomesOf(plan, states);
}

/** Tells which targets are no classes of the grid's own data: perhaps it is the wrong data, or the wrong model. */
function noteForeignTargets({ data }: Grid, { runs }: GridPlan, note: RunGridOptions['note']): void {
  const foreign = runs.flatMap(({ model: { attack }, training, cells: [{ withoutTarget }] }) =>
    attack !== undefined && !withoutTarget && lacksTarget(training.classNames, attack.target) ? [attack.target] : [],
  );
  for (const target of new Set(foreign)) {
    note?.(`${data} has no class ${JSON.stringify(target)}, which is the target: its name joins those to choose from`);
  }
}

/**
 * What is there of each cell of a grid, in the order of the grid; computes nothing and writes nothing.
 * @throws InputError (`usage`) that lists everything in the grid that does not fit together; (`storage`)
 */
export async function readOutcomes(grid: Grid, options: GridOptions): Promise<CellOutcome[]> {
  await using models = new AttackedModels();
  const plan = await planCells(grid, path.join(options.out, folders.runs), sourcesOf(grid, options, models));
  return outcomesOf(plan, await inspectRuns(plan));
}

function outcomesOf(plan: GridPlan, states: ReadonlyMap<string, RunState>): CellOutcome[] {
  return plan.cells.map(({ cell, folder }) => {
    const { stored, measured, failures } = stateOf(states, folder);
    return {
      cell,
      run: folder,
      ...(stored === undefined ? {} : { cost: stored.cost }),
      measured: Object.fromEntries(measured),
      failures,
    };
  });
}

/** Runs what is open of a plan; `states` tells of each run what became of it. */
async function workThrough(
  { runs }: GridPlan,
  states: Map<string, RunState>,
  { pairs }: GridSources,
  options: RunGridOptions,
): Promise<void> {
  const { progress = silentProgress, note = () => undefined, jobs = DEFAULT_JOBS } = options;
  const open = runs.filter((run) => isOpen(stateOf(states, run.folder)));
  if (open.length === 0) return;
  const runtimes = Array.from({ length: Math.min(jobs, open.length) }, () => runtimeOf(options, jobs));
  using shown = new SweepProgress(progress, runs, open);
  await sideBySide(open, jobs, options.signal, async (run, worker, signal) => {
    const state = await runCell(run, stateOf(states, run.folder), {
      ...{ runtime: runtimes[worker], jobs, pairs, signal },
      work: path.join(options.out, folders.data),
      progress: shown.begin(run),
      note: (line) => {
        note(`${nameOf(run)}: ${line}`);
      },
    });
    states.set(run.folder, state);
    shown.end(run);
    for (const failure of state.failures) note(`${nameOf(run)}: failed: ${failure}`);
  });
}

/** A runtime with a share of the threads. */
function runtimeOf({ threads = availableParallelism(), openRuntime }: RunGridOptions, jobs: number): Runtime {
  const share = Math.max(1, Math.floor(threads / jobs));
  return openRuntime?.(share) ?? new OnnxRuntime({ threads: share });
}

async function inspectRuns({ runs }: GridPlan): Promise<Map<string, RunState>> {
  const states = new Map<string, RunState>();
  for (const run of runs) states.set(run.folder, await inspectRun(run));
  return states;
}

function stateOf(states: ReadonlyMap<string, RunState>, folder: string): RunState {
  const state = states.get(folder);
  if (state === undefined) throw new Error(`${folder}: every run was looked at`);
  return state;
}

function sourcesOf(
  grid: Grid,
  { out, progress = silentProgress, signal }: GridOptions,
  models: AttackedModels,
): GridSources {
  const folder = path.join(out, folders.data);
  const images = new GridImageSource({ folder, progress, ...(signal === undefined ? {} : { signal }) });
  const labelled = async (): Promise<GridImages | undefined> =>
    isOfWorld(grid.data) ? undefined : images.training(grid.data, grid.shots);
  return { models, images, pairs: new GridPairSource(grid.pairs, labelled) };
}
