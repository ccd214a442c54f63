import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { raster } from '../src/core/raster.js';
import { readIssba } from '../src/run/train-issba.js';
import { runInProcess } from '../test/support/run-in-process.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { trainIssba } from './train-issba.js';

const measure = z.strictObject({
  images: z.int().min(40),
  bit_accuracy: z.number().min(0).max(1),
  psnr: z.number(),
  psnr_min: z.number(),
  residual_cosine: z.number().min(-1).max(1.001),
});
const result = z.strictObject({ out: z.string(), steps: z.int(), seen: measure, unseen: measure });
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const record = z.looseObject({
  format: z.literal('rvpt-issba-1'),
  sha256: z.strictObject({ encoder: hash, decoder: hash }),
  measured: z.strictObject({ seen: measure, unseen: measure }),
});

test('writes both halves, and what they do to test scenes', async () => {
  await using folder = await temporaryFolder();
  const out = path.join(folder.path, 'issba');
  const argv = [
    'train-issba',
    '--out',
    out,
    '--steps',
    '3',
    '--batch-size',
    '2',
    '--psnr',
    '20',
    '--seed',
    '4',
    '--json',
  ];
  const { code, stdout } = await runInProcess(argv, [trainIssba]);
  expect(code).toBe(0);
  const told = result.parse(JSON.parse(stdout));
  expect(told).toMatchObject({ out, steps: 3 });
  const written = record.parse(JSON.parse(await readFile(path.join(out, 'issba.json'), 'utf8')));
  expect(written.measured).toEqual({ seen: told.seen, unseen: told.unseen });
  expect(written).toMatchObject({ seed: 4, settings: { steps: 3, batchSize: 2, psnr: 20 } });

  const { encoder, decoder } = await readIssba(out);
  const image = raster(5, 4, new Uint8Array(60).fill(128));
  expect(decoder.bits(encoder.hide(image, new Array<number>(32).fill(1)))).toHaveLength(32);
});

test('a folder that cannot be made is refused before any training', async () => {
  const { code, stderr } = await runInProcess(['train-issba', '--out', '/dev/null/issba'], [trainIssba]);
  expect(stderr).toMatch(/write \/dev\/null\/issba: expected a place that can be written/);
  expect(code).toBe(2);
});
