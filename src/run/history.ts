import { open, type FileHandle } from 'node:fs/promises';
import type { z } from 'zod';

import { InputError } from '../core/errors.js';
import { jsonOrNothing } from '../core/json.js';
import { asStorageError } from '../node/storage-error.js';
import { writeAtomic } from './atomic-file.js';
import { readOrUndefined } from './run-files.js';

/** What every line has: the step it tells of, counted from 1; the rest are numbers. */
export interface Entry extends Record<string, unknown> {
  readonly step: number;
}

/** Lines are held back at most this long, in milliseconds, so that whoever follows the file sees it grow. */
const flushInterval = 1000;

/**
 * `history.jsonl`, written a line a step. Lines reach the disk in batches and are made durable by {@link sync};
 * a crash may lose those since, or tear the last, and a resumed run makes them again.
 */
export class History<E extends Entry> implements AsyncDisposable {
  readonly #file: string;
  readonly #schema: z.ZodType<E>;
  #handle: FileHandle | undefined;
  #pending = '';
  #flushed = performance.now();

  constructor(file: string, schema: z.ZodType<E>) {
    this.#file = file;
    this.#schema = schema;
  }

  /**
   * @throws RangeError when a number is not finite: a loss that is not is for the training loop to report;
   * InputError (`storage`).
   */
  async append(entry: E): Promise<void> {
    const broken = Object.entries<unknown>(entry).find(([, value]) => !Number.isFinite(value));
    if (broken !== undefined)
      throw new RangeError(`history: ${broken[0]} is ${String(broken[1])} at step ${entry.step}`);
    this.#pending += `${JSON.stringify(entry)}\n`;
    if (performance.now() - this.#flushed >= flushInterval) await this.flush();
  }

  /** Hands the lines held back to the system. */
  async flush(): Promise<void> {
    this.#flushed = performance.now();
    if (this.#pending === '') return;
    const lines = this.#pending;
    this.#pending = '';
    try {
      this.#handle ??= await open(this.#file, 'a');
      await this.#handle.writeFile(lines);
    } catch (thrown) {
      throw asStorageError(`append to ${this.#file}`, thrown);
    }
  }

  /** Makes everything appended so far survive a loss of power. */
  async sync(): Promise<void> {
    await this.flush();
    await this.#handle?.sync();
  }

  /**
   * Drops every entry after `step`, and a torn last line.
   * @throws InputError (`malformed`) when the entries do not reach `step`, or one before it cannot be read.
   */
  async truncateTo(step: number): Promise<void> {
    await this.close();
    const kept = (await readHistory(this.#file, this.#schema)).filter((entry) => entry.step <= step);
    const last = kept.at(-1)?.step ?? 0;
    if (last !== step) {
      throw new InputError({
        code: 'malformed',
        operation: `resume with ${this.#file}`,
        expected: `entries up to step ${step}, where the saved state is`,
        received: last === 0 ? 'none' : `entries up to step ${last}`,
        fix: 'The file was changed by hand or by another program: start a new run in another folder.',
      });
    }
    await writeAtomic(this.#file, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      const handle = this.#handle;
      this.#handle = undefined;
      await handle?.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * The entries of a `history.jsonl`; none when there is no such file. A last line without its end was torn by a crash
 * and is left out.
 * @throws InputError (`malformed`) naming the first line that is no entry.
 */
export async function readHistory<E extends Entry>(file: string, schema: z.ZodType<E>): Promise<E[]> {
  const bytes = await readOrUndefined(file);
  const lines = new TextDecoder().decode(bytes).split('\n').slice(0, -1);
  return lines.map((line, index) => {
    const parsed = schema.safeParse(jsonOrNothing(line));
    if (parsed.success) return parsed.data;
    throw new InputError({
      code: 'malformed',
      operation: `read ${file}`,
      expected: 'one step of a run on every line',
      received: `something else on line ${index + 1}`,
    });
  });
}
