import path from 'node:path';

import type { JsonObject } from '../core/json.js';
import { readHistory } from './history.js';
import { readJson, requireConfig } from './run-files.js';
import { metricsSchema, runFiles, samplesSchema, type HistoryEntry, type RunConfig, type Samples } from './schema.js';

/** A run as it stands in its folder, finished or not. */
export interface RunRecord {
  readonly folder: string;
  readonly config: RunConfig;
  /** Undefined until the images were chosen. */
  readonly samples: Samples | undefined;
  readonly history: readonly HistoryEntry[];
  /** Undefined until something was measured. */
  readonly metrics: JsonObject | undefined;
}

/** Reads a run without taking hold of it. @throws InputError (`missing`) where there is none; (`malformed`). */
export async function readRun(folder: string): Promise<RunRecord> {
  return {
    folder,
    config: await requireConfig(folder),
    samples: await readJson(path.join(folder, runFiles.samples), samplesSchema),
    history: await readHistory(path.join(folder, runFiles.history)),
    metrics: await readJson(path.join(folder, runFiles.metrics), metricsSchema),
  };
}
