import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { InputError, messageOf } from '../core/errors.js';
import type { Json } from '../core/json.js';
import type { Progress } from '../core/progress.js';
import { readDefendedModel } from '../run/defended-model.js';
import { currentVersions } from '../run/provenance.js';
import { runDefense } from '../run/run-defense.js';
import { writeJson } from '../run/run-files.js';
import type { Runtime } from '../runtime/session.js';
import { asStorageError } from '../node/storage-error.js';
import { cellFiles, readCell, readMeasurement, writeCell, writeMeasurement, type StoredCell } from './cell-record.js';
import type { GridPairSource } from './grid-pairs.js';
import { PeakMemory } from './peak-memory.js';
import { MEASURING_SEED, type PlannedMeasure, type PlannedRun } from './plan-cells.js';

/** What is there of a run. */
export interface RunState {
  readonly stored: StoredCell | undefined;
  /** By label of the measure. */
  readonly measured: ReadonlyMap<string, Json>;
  /** What is still to be measured; nothing of it where the files cannot be believed. */
  readonly pending: readonly PlannedMeasure[];
  /** Files that were changed since they were written, a sentence each. */
  readonly failures: readonly string[];
}

export function isFinished({ stored, pending, failures }: RunState): boolean {
  return stored !== undefined && pending.length === 0 && failures.length === 0;
}

/** Whether there is anything to do: what was edited by hand is left for a person to look at. */
export function isOpen({ stored, pending, failures }: RunState): boolean {
  return pending.length > 0 || (stored === undefined && failures.length === 0);
}

/** Reads what is there of a run; computes nothing. @throws InputError (`storage`) */
export async function inspectRun(run: PlannedRun): Promise<RunState> {
  const failures: string[] = [];
  const attempt = async <T>(read: () => Promise<T | undefined>): Promise<T | undefined | 'refused'> => {
    try {
      return await read();
    } catch (thrown) {
      if (!(thrown instanceof InputError) || thrown.code === 'storage') throw thrown;
      failures.push(lineOf(thrown));
      return 'refused';
    }
  };
  const stored = await attempt(() => readCell(run.folder, run.identity));
  if (stored === 'refused') return { stored: undefined, measured: new Map(), pending: [], failures };
  if (stored === undefined) return { stored, measured: new Map(), pending: run.measures, failures };
  const measured = new Map<string, Json>();
  const pending: PlannedMeasure[] = [];
  for (const measure of run.measures) {
    const { file, identity, measurement, label } = measure;
    const found = await attempt(() => readMeasurement(file, identity, stored.defendedSha256, measurement.result));
    if (found === undefined) pending.push(measure);
    else if (found !== 'refused') measured.set(label, found);
  }
  return { stored, measured, pending, failures };
}

export interface RunCellOptions {
  /** Where measurements keep what they make once and share. */
  readonly work: string;
  readonly runtime: Runtime;
  /** Cells that go on side by side, this one among them. */
  readonly jobs: number;
  readonly pairs: GridPairSource;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  readonly note: (line: string) => void;
}

/**
 * Does what is still to be done of a run: the defense, and each measurement. What fails is recorded in `failure.json` and
 * tried again at the next sweep; a measurement that fails does not keep others from being taken.
 * @returns the run as it is then
 * @throws InputError (`storage`); the signal's reason
 */
export async function runCell(run: PlannedRun, state: RunState, options: RunCellOptions): Promise<RunState> {
  const failure = path.join(run.folder, cellFiles.failure);
  await rm(failure, { force: true });
  const failed: { readonly what: string; readonly thrown: unknown }[] = [];
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    options.signal?.throwIfAborted();
    try {
      return await work();
    } catch (thrown) {
      options.signal?.throwIfAborted();
      if (thrown instanceof InputError && thrown.code === 'storage') throw thrown;
      failed.push({ what, thrown });
      return undefined;
    }
  };
  const stored = state.stored ?? (await attempt('defense', () => defend(run, options)));
  const measured = new Map(state.measured);
  const pending: PlannedMeasure[] = [];
  for (const measure of state.pending) {
    const found =
      stored && (await attempt(measure.label, () => measureRun(run, measure, stored.defendedSha256, options)));
    if (found === undefined) pending.push(measure);
    else measured.set(measure.label, found);
  }
  if (failed.length > 0) await recordFailure(failure, failed);
  const failures = failed.map(({ what, thrown }) => `${what}: ${lineOf(thrown)}`);
  return { stored, measured, pending, failures: [...state.failures, ...failures] };
}

async function defend(run: PlannedRun, options: RunCellOptions): Promise<StoredCell> {
  const { folder, identity, model, defense, training, samples, templates, seed } = run;
  const { runtime, jobs, progress, signal, note } = options;
  const { clip } = model;
  const pairs = defense.needs === 'pairs' ? (await options.pairs.open(clip.preprocess)).pairs : undefined;
  const { images, source } = await training.open();
  using memory = new PeakMemory();
  const metrics = await runDefense({
    ...{ clip, runtime, defense, samples, templates, seed, progress, note },
    dataset: { images, source, classNames: training.classNames, samples: training.samples },
    ...(pairs === undefined ? {} : { pairs }),
    ...(signal === undefined ? {} : { signal }),
    preprocess: clip.preprocess,
    out: folder,
    resume: true,
  });
  const { seconds, steps, trainable_parameters: trainableParameters, samples: learntFrom } = metrics;
  return await writeCell(folder, {
    identity,
    cost: { seconds, peakBytes: memory.bytes, steps, trainableParameters, samples: learntFrom },
    execution: { runtime: runtime.description, jobs },
  });
}

async function measureRun(
  { folder, model: { clip, attack }, training }: PlannedRun,
  { file, identity, measurement, images, templates }: PlannedMeasure,
  defendedSha256: string,
  { runtime, progress, signal, work }: RunCellOptions,
): Promise<Json> {
  const dataset = await images.open();
  await using defended = await readDefendedModel(folder, clip);
  if (defended === undefined) throw new Error(`${folder}: a finished cell has a defended model`);
  const result = measurement.result.parse(
    await measurement.measure({
      ...{ clip, model: defended.model, learntClasses: training.classNames, dataset, runtime, progress, work },
      ...(templates === undefined ? {} : { templates }),
      ...(attack === undefined ? {} : { attack: { trigger: attack.trigger, target: attack.target } }),
      ...(signal === undefined ? {} : { signal }),
      seed: MEASURING_SEED,
    }),
  );
  await mkdir(path.dirname(file), { recursive: true }).catch((thrown: unknown) => {
    throw asStorageError(`write ${file}`, thrown);
  });
  await writeMeasurement(file, { identity, defendedSha256, result });
  return result;
}

async function recordFailure(
  file: string,
  failed: readonly { readonly what: string; readonly thrown: unknown }[],
): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true }).catch((thrown: unknown) => {
    throw asStorageError(`write ${file}`, thrown);
  });
  await writeJson(file, {
    format: 'rvpt-failure-1',
    created: new Date().toISOString(),
    failures: failed.map(({ what, thrown }) => ({
      what,
      message: messageOf(thrown),
      // of a person's mistake the message says all
      stack: thrown instanceof Error && !(thrown instanceof InputError) ? (thrown.stack ?? null) : null,
    })),
    versions: { ...currentVersions() },
  });
}

/** The message in one line. */
function lineOf(thrown: unknown): string {
  return messageOf(thrown).replaceAll(/\s*\n\s*/g, ' ');
}
