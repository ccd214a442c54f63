import path from 'node:path';
import { z } from 'zod';

import { InputError } from '../core/errors.js';
import { canonicalJson, jsonObjectOf, type Json, type JsonObject } from '../core/json.js';
import { currentVersions } from '../run/provenance.js';
import { versionsSchema } from '../run/schema.js';
import { sha256OfDefended } from './file-digest.js';
import type { CellCost } from './grid.js';
import { readSealed, writeSealed } from './sealed-json.js';

/** Files of a cell beside those of its run. */
export const cellFiles = { cell: 'cell.json', measurements: 'measurements', failure: 'failure.json' } as const;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 in hexadecimal');
const jsonObject = z.record(z.string(), z.json());

const costSchema = z.object({
  seconds: z.number().nonnegative(),
  peakBytes: z.number().nonnegative(),
  steps: z.int().nonnegative(),
  trainableParameters: z.int().nonnegative(),
  samples: z.int().nonnegative(),
});

/** `cell.json`: says that the defense came to its end, and all that decided its result. */
const cellSchema = z.object({
  format: z.literal('rvpt-cell-1'),
  created: z.iso.datetime(),
  /** Decides the result; its digest is in the name of the folder. */
  identity: jsonObject,
  cost: costSchema,
  /** Where it was computed: shapes the last bits of the result, and its cost. */
  execution: z.object({ runtime: z.string(), jobs: z.int().positive() }),
  /** Of the files of the defended model. */
  defended_sha256: sha256,
  versions: versionsSchema,
});

/** `measurements/<measurement>-<hash>.json`. */
const measurementSchema = z.object({
  format: z.literal('rvpt-measurement-1'),
  created: z.iso.datetime(),
  /** Decides the result, together with the defended model; its digest is in the name of the file. */
  identity: jsonObject,
  defended_sha256: sha256,
  result: z.json(),
  versions: versionsSchema,
});

/** A cell whose defense is done. */
export interface StoredCell {
  readonly cost: CellCost;
  readonly defendedSha256: string;
}

/**
 * What is known of a cell whose defense is done; undefined where it is not.
 * @param identity what the folder was named by
 * @throws InputError (`malformed`, `mismatch`) when its files were changed since
 */
export async function readCell(folder: string, identity: JsonObject): Promise<StoredCell | undefined> {
  const again = `Delete ${folder} to run the cell again.`;
  const record = await readSealed(path.join(folder, cellFiles.cell), cellSchema, again);
  if (record === undefined) return undefined;
  refuseOther(folder, record.identity, identity, again);
  if ((await sha256OfDefended(folder)) === record.defended_sha256) {
    return { cost: record.cost, defendedSha256: record.defended_sha256 };
  }
  throw new InputError({
    code: 'mismatch',
    operation: `read the run ${folder}`,
    expected: 'the defended model as the run wrote it',
    received: 'one that was changed since',
    fix: again,
  });
}

export async function writeCell(
  folder: string,
  content: {
    readonly identity: JsonObject;
    readonly cost: CellCost;
    readonly execution: z.output<typeof cellSchema>['execution'];
  },
): Promise<StoredCell> {
  const defendedSha256 = await sha256OfDefended(folder);
  await writeSealed(
    path.join(folder, cellFiles.cell),
    jsonObjectOf({
      format: 'rvpt-cell-1',
      created: new Date().toISOString(),
      ...content,
      defended_sha256: defendedSha256,
      versions: currentVersions(),
    }),
  );
  return { cost: content.cost, defendedSha256 };
}

/**
 * A measurement that was taken before; undefined where it was not.
 * @param identity what the file was named by; @param result what it is to hold
 * @throws InputError (`malformed`, `mismatch`) when it was changed since, or is one of another model
 */
export async function readMeasurement(
  file: string,
  identity: JsonObject,
  defendedSha256: string,
  result: z.ZodType<Json>,
): Promise<Json | undefined> {
  const again = `Delete ${file} to measure again.`;
  const record = await readSealed(file, measurementSchema, again);
  if (record === undefined) return undefined;
  refuseOther(file, record.identity, identity, again);
  const parsed = result.safeParse(record.result);
  if (parsed.success && record.defended_sha256 === defendedSha256) return parsed.data;
  throw new InputError({
    code: 'mismatch',
    operation: `read ${file}`,
    expected: parsed.success ? 'a measurement of the defended model beside it' : 'a result of this version of rvpt',
    received: 'another',
    fix: again,
  });
}

export async function writeMeasurement(
  file: string,
  content: { readonly identity: JsonObject; readonly defendedSha256: string; readonly result: Json },
): Promise<void> {
  const { identity, defendedSha256, result } = content;
  await writeSealed(file, {
    format: 'rvpt-measurement-1',
    created: new Date().toISOString(),
    identity,
    defended_sha256: defendedSha256,
    result,
    versions: { ...currentVersions() },
  });
}

function refuseOther(name: string, found: JsonObject, wanted: JsonObject, again: string): void {
  if (canonicalJson(found) === canonicalJson(wanted)) return;
  throw new InputError({
    code: 'mismatch',
    operation: `read ${name}`,
    expected: 'what its name says',
    received: 'something that other settings decided',
    fix: again,
  });
}
