import { z } from 'zod';

import { InputError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { sha256OfJson } from '../run/provenance.js';
import { readJson, writeJson } from '../run/run-files.js';

const sealedSchema = z.looseObject({ sha256: z.string() });
const jsonObject = z.record(z.string(), z.json());

/** Writes a JSON file with the digest of its content inside. @throws InputError (`storage`) */
export async function writeSealed(file: string, content: JsonObject): Promise<void> {
  await writeJson(file, { ...content, sha256: sha256OfJson(content) });
}

/**
 * Reads what {@link writeSealed} wrote; undefined where there is none.
 * @param again what to do where it cannot be believed: `Delete … to measure again.`
 * @throws InputError (`mismatch`) when it was changed since; (`storage`)
 */
export async function readSealed<T>(file: string, schema: z.ZodType<T>, again: string): Promise<T | undefined> {
  const found = await readJson(file, sealedSchema).catch((thrown: unknown) => {
    if (thrown instanceof InputError && thrown.code === 'malformed') throw changed(file, again);
    throw thrown;
  });
  if (found === undefined) return undefined;
  const { sha256, ...rest } = found;
  const content = jsonObject.parse(rest);
  const parsed = schema.safeParse(content);
  if (parsed.success && sha256OfJson(content) === sha256) return parsed.data;
  throw changed(file, again);
}

function changed(file: string, fix: string): InputError {
  return new InputError({
    code: 'mismatch',
    operation: `read ${file}`,
    expected: 'a file as rvpt wrote it',
    received: 'one that was changed since',
    fix,
  });
}
