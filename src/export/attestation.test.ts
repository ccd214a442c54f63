import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { exportRecord } from '../../test/support/export-record.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { HashedFiles } from '../run/hashed-files.js';
import { exportStatement } from './attestation.js';

/** RFC 3986 with scheme and authority in small letters, as the specification asks of a TypeURI. */
const typeUri = z.string().regex(/^[a-z][a-z0-9+.-]*:[^\s<>"{}|\\^`]+$/);

/** A DigestSet: hexadecimal in small letters, of the length that the algorithm gives. */
const digestSet = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** in-toto/attestation, spec/v1/statement.md and resource_descriptor.md: what a statement must be. */
const statementSchema = z.strictObject({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z
    .array(z.strictObject({ name: z.string().min(1), digest: digestSet }))
    .min(1)
    .refine((subjects) => new Set(subjects.map(({ name }) => name)).size === subjects.length, 'names are unique'),
  predicateType: typeUri,
  predicate: z.record(z.string(), z.json()),
});

test('a statement of in-toto over the files as they lie on disk', async () => {
  await using folder = await temporaryFolder();
  const written = new HashedFiles(folder.path);
  await written.writeText('onnx/model.onnx', 'weights');
  await written.writeJson('config.json', { model_type: 'clip' });
  const record = { ...exportRecord(), files: [...written.files] };
  await written.writeText('README.md', '# card\n');
  const json: unknown = JSON.parse(JSON.stringify(exportStatement(record, written.files)));
  const statement = statementSchema.parse(json);
  expect(statement.subject.map(({ name }) => name)).toEqual(['README.md', 'config.json', 'onnx/model.onnx']);
  for (const { name, digest } of statement.subject) {
    const bytes = await readFile(path.join(folder.path, name));
    expect(digest.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  }
  expect(statement.predicateType).toBe('pkg:npm/rvpt#export/v1');
  const { files: listed, ...rest } = exportRecord();
  expect(listed.length).toBeGreaterThan(0);
  expect(statement.predicate).toEqual(JSON.parse(JSON.stringify(rest)));
  expect(JSON.stringify(exportStatement(record, written.files.toReversed()))).toBe(JSON.stringify(json));
});

test('files that are not those of the record are a mistake of the caller', () => {
  const record = exportRecord();
  expect(() => exportStatement(record, record.files.slice(1))).toThrow('"onnx/model_fp16.onnx" is not the file');
  const other = record.files.map((file) => ({ ...file, sha256: '9'.repeat(64) }));
  expect(() => exportStatement(record, other)).toThrow('is not the file of the record');
  expect(() => exportStatement(record, [...record.files, record.files[0]])).toThrow('a path comes twice');
});
