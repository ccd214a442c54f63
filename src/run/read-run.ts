import path from 'node:path';

import { InputError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { comparisonSchema, type Comparison } from '../evaluation/comparison.js';
import { readHistory } from './history.js';
import { readJson, requireConfig } from './run-files.js';
import {
  historyEntrySchema,
  metricsSchema,
  runFiles,
  samplesSchema,
  type HistoryEntry,
  type RunConfig,
  type Samples,
} from './schema.js';

/** A run as it stands in its folder, finished or not. */
export interface RunRecord {
  readonly folder: string;
  readonly config: RunConfig;
  /** Undefined until the images were chosen. */
  readonly samples: Samples | undefined;
  readonly history: readonly HistoryEntry[];
  /** Of the tuning; undefined until it is over. */
  readonly metrics: JsonObject | undefined;
  /** The model before and after; undefined until it was measured. */
  readonly evaluation: Comparison | undefined;
}

/**
 * Reads a run without taking hold of it.
 * @throws InputError (`missing`) where there is none; (`malformed`); (`mismatch`) when its evaluation is of another model
 */
export async function readRun(folder: string): Promise<RunRecord> {
  const config = await requireConfig(folder);
  const evaluation = await readJson(path.join(folder, runFiles.evaluation), comparisonSchema);
  if (evaluation !== undefined && evaluation.model.sha256 !== config.model.sha256) {
    throw new InputError({
      code: 'mismatch',
      operation: `read ${path.join(folder, runFiles.evaluation)}`,
      expected: `the evaluation of the run's model, sha256 ${config.model.sha256}`,
      received: `that of another, sha256 ${evaluation.model.sha256}`,
      fix: 'Measure the run again with `rvpt evaluate --save`.',
    });
  }
  return {
    folder,
    config,
    samples: await readJson(path.join(folder, runFiles.samples), samplesSchema),
    history: await readHistory(path.join(folder, runFiles.history), historyEntrySchema),
    metrics: await readJson(path.join(folder, runFiles.metrics), metricsSchema),
    evaluation,
  };
}
