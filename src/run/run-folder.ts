import path from 'node:path';

import { InputError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import type { Comparison } from '../evaluation/comparison.js';
import { writeAtomic, type Content } from './atomic-file.js';
import { claimFolder } from './claim-folder.js';
import { History } from './history.js';
import { FolderLock } from './lock.js';
import { configDifferences, sha256OfConfig, versionDifferences } from './provenance.js';
import { readConfig, requireConfig, writeJson } from './run-files.js';
import {
  historyEntrySchema,
  runConfigSchema,
  runFiles,
  samplesSchema,
  type HistoryEntry,
  type RunConfig,
  type Samples,
} from './schema.js';
import { readState, writeState, type TrainingState } from './training-state.js';

/**
 * The folder of one run, held for writing: one process at a time, and every file whole or absent whenever the process
 * is killed. Dispose of it to let the folder go.
 */
export class RunFolder implements AsyncDisposable {
  readonly path: string;
  /** What the run was started with; of a resumed run, what it was started with the first time. */
  readonly config: RunConfig;
  /** Whether there was a run to go on with. */
  readonly resumed: boolean;
  /** What has another version now than when the run was started: `node 20.19.0 -> 22.1.0`. */
  readonly versionChanges: readonly string[];
  readonly history: History<HistoryEntry>;
  readonly #lock: FolderLock;

  private constructor(folder: string, config: RunConfig, started: RunConfig | undefined, lock: FolderLock) {
    this.path = folder;
    this.config = started ?? config;
    this.resumed = started !== undefined;
    this.versionChanges = started === undefined ? [] : versionDifferences(started.versions, config.versions);
    this.history = new History(path.join(folder, runFiles.history), historyEntrySchema);
    this.#lock = lock;
  }

  /**
   * Starts a run in a folder that is absent or empty, or with `resume` goes on with the one that is there (and starts
   * it when the process was killed before there was anything to go on with).
   * @throws InputError (`usage`) when the folder holds a run and `resume` is not set, or holds something else;
   * (`mismatch`) when the run there was started with other settings, named one by one; (`locked`); (`storage`).
   */
  static async create(folder: string, config: RunConfig, options: { resume?: boolean } = {}): Promise<RunFolder> {
    await claimFolder(`start a run in ${folder}`, folder, runFiles.config);
    const lock = await FolderLock.acquire(folder);
    try {
      const started = await readConfig(folder);
      if (started === undefined) {
        await writeJson(path.join(folder, runFiles.config), runConfigSchema.parse(config));
        return new RunFolder(folder, config, undefined, lock);
      }
      if (options.resume !== true) {
        throw new InputError({
          code: 'usage',
          operation: `start a run in ${folder}`,
          expected: 'a new or empty folder',
          received: `one that holds a run of ${started.created}`,
          fix: 'Add --resume to go on with it, or choose another folder.',
        });
      }
      refuseOtherSettings(folder, started, config);
      return new RunFolder(folder, config, started, lock);
    } catch (thrown) {
      await lock.release();
      throw thrown;
    }
  }

  /** Takes hold of a run that exists, to add to it. @throws InputError (`missing`, `malformed`, `locked`, `storage`). */
  static async open(folder: string): Promise<RunFolder> {
    const config = await requireConfig(folder);
    return new RunFolder(folder, config, config, await FolderLock.acquire(folder));
  }

  /** Path of one of the run's files. */
  file(name: keyof typeof runFiles): string {
    return path.join(this.path, runFiles[name]);
  }

  async writeSamples(samples: Samples): Promise<void> {
    await writeJson(this.file('samples'), samplesSchema.parse(samples));
  }

  async writeMetrics(metrics: JsonObject): Promise<void> {
    await writeJson(this.file('metrics'), metrics);
  }

  async writeEvaluation(comparison: Comparison): Promise<void> {
    await writeJson(this.file('evaluation'), comparison);
  }

  /** @param content bytes of a safetensors file. */
  async writePrompts(content: Content): Promise<void> {
    await writeAtomic(this.file('prompts'), content);
  }

  /**
   * Saves what tuning needs to go on after `state.step`, the history up to there first, so that a saved state always
   * has its history.
   */
  async saveState(state: TrainingState): Promise<void> {
    await this.history.sync();
    await writeState(this.file('state'), state, sha256OfConfig(this.config));
  }

  /**
   * The state to go on from, with the history cut back to it; undefined when tuning starts from the beginning.
   * @throws InputError (`malformed`, `mismatch`) when the files are not those of this run.
   */
  async loadState(): Promise<TrainingState | undefined> {
    const state = await readState(this.file('state'), sha256OfConfig(this.config));
    await this.history.truncateTo(state?.step ?? 0);
    return state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.history.close();
    } finally {
      await this.#lock.release();
    }
  }
}

function refuseOtherSettings(folder: string, started: RunConfig, config: RunConfig): void {
  const differences = configDifferences(started, config);
  if (differences.length === 0) return;
  throw new InputError({
    code: 'mismatch',
    operation: `resume the run ${folder}`,
    expected: 'the settings that it was started with',
    received: 'others',
    fix: `\n  ${differences.join('\n  ')}\nResume with the same settings, or start a new run in another folder.`,
  });
}
