import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

import { InputError, messageOf } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import type { Comparison } from '../evaluation/comparison.js';
import { errnoOf } from '../node/errno.js';
import { asStorageError } from '../node/storage-error.js';
import { writeAtomic } from './atomic-file.js';
import { runConfigSchema, runFiles, type RunConfig, type Samples } from './schema.js';

/** What stands in `config.json`, or undefined where there is none. @throws InputError (`malformed`). */
export async function readConfig(folder: string): Promise<RunConfig | undefined> {
  const file = path.join(folder, runFiles.config);
  const config = await readValue(file);
  if (config === undefined) return undefined;
  // a model's folder has a config.json too
  if (ofNoRun.safeParse(config).success) {
    throw new InputError({
      code: 'malformed',
      operation: `open the run ${folder}`,
      expected: 'a folder that `rvpt defend --out` wrote',
      received: `a ${runFiles.config} that is not of a run`,
    });
  }
  return fitted(file, config, runConfigSchema);
}

const ofNoRun = z.looseObject({ format: z.undefined().optional() });

/** @throws InputError (`missing`) when the folder holds no run; (`malformed`). */
export async function requireConfig(folder: string): Promise<RunConfig> {
  const config = await readConfig(folder);
  if (config !== undefined) return config;
  throw new InputError({
    code: 'missing',
    operation: `open the run ${folder}`,
    expected: `a folder with a ${runFiles.config}`,
    received: 'none there',
    fix: 'Give the folder that `rvpt defend --out` wrote.',
  });
}

/** Reads a JSON file of a run; undefined when it is absent. @throws InputError (`malformed`). */
export async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const value = await readValue(file);
  return value === undefined ? undefined : fitted(file, value, schema);
}

/** What a JSON file says, whatever it is; undefined when it is absent. */
async function readValue(file: string): Promise<unknown> {
  const bytes = await readOrUndefined(file);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (thrown) {
    throw malformed(file, 'text that is not JSON', messageOf(thrown));
  }
}

function fitted<T>(file: string, value: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw malformed(file, 'JSON that does not fit', firstLines(z.prettifyError(parsed.error)));
  return parsed.data;
}

/** Two lines a problem; a file that is another thing altogether has thousands. */
function firstLines(text: string, limit = 20): string {
  const lines = text.split('\n');
  return lines.length <= limit ? text : [...lines.slice(0, limit), '…'].join('\n');
}

function malformed(file: string, received: string, details: string): InputError {
  return new InputError({
    code: 'malformed',
    operation: `read ${file}`,
    expected: 'a file that rvpt wrote',
    received,
    fix: `\n${details}`,
  });
}

/** Undefined where there is no such file. @throws InputError (`storage`). */
export async function readOrUndefined(file: string): Promise<Uint8Array | undefined> {
  return readFile(file).catch((thrown: unknown) => {
    if (errnoOf(thrown) === 'ENOENT' || errnoOf(thrown) === 'ENOTDIR') return undefined;
    throw asStorageError(`read ${file}`, thrown);
  });
}

/** Two-space JSON, written whole or not at all. @throws InputError (`storage`). */
export async function writeJson(file: string, value: JsonObject | RunConfig | Samples | Comparison): Promise<void> {
  await writeAtomic(file, `${JSON.stringify(value, null, 2)}\n`);
}
