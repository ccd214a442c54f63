import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { writeColors } from '../../test/support/small-clip.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { silentProgress } from '../core/progress.js';
import { loadClip } from '../node/load-clip.js';
import { PRETRAINING_RECORD } from '../run/pretrain.js';
import { LABEL_ONLY_RECORD } from '../run/train-label-only.js';
import { gridSchema, type Grid } from './grid.js';
import { makeZoos } from './make-zoos.js';
import { inspectGrid, runGrid } from './run-grid.js';

const make = {
  visionLayers: 2,
  visionWidth: 64,
  textLayers: 1,
  textWidth: 64,
  patchSize: 16,
  steps: 3,
  warmupSteps: 1,
};

test('a zoo is made as the grid says where it is not there, and not taken where it was made otherwise', async () => {
  await using folder = await temporaryFolder();
  const out = path.join(folder.path, 'out');
  const location = path.join(folder.path, 'zoo');
  await writeColors(path.join(folder.path, 'colors', 'train'), 2, 0);
  await writeColors(path.join(folder.path, 'colors', 'test'), 2, 1);
  const gridOf = (given: object): Grid =>
    gridSchema.parse({
      format: 'rvpt-grid-1',
      name: 'g',
      summary: 's',
      zoos: [{ label: 'tiny', location, make: given }],
      attacks: ['clean'],
      defenses: ['none'],
      seeds: [0],
      data: path.join(folder.path, 'colors'),
      measures: [{ measure: 'classification', perClass: 1 }],
    });
  expect(await inspectGrid(gridOf(make), { out })).toMatchObject([{ run: null, state: 'absent' }]);
  const [outcome] = await runGrid(gridOf(make), { out, threads: 1 });
  expect(outcome).toMatchObject({ failures: [], measured: { classification: { clean: { n: 4 } } } });
  await using clip = await loadClip(path.join(location, 'clean'));
  expect(clip.weights.architecture.vision).toMatchObject({ layers: 2, width: 64, patchSize: 16 });
  expect(await inspectGrid(gridOf(make), { out })).toMatchObject([{ run: outcome.run, state: 'finished' }]);
  await expect(runGrid(gridOf({ ...make, steps: 4 }), { out })).rejects.toThrow('steps: 3 -> 4');
});

test('a poisoned model is not taken where it was made by another recipe', async () => {
  await using folder = await temporaryFolder();
  const location = path.join(folder.path, 'zoo');
  await cp(path.resolve(import.meta.dirname, '../../assets/zoo'), location, { recursive: true });
  const { settings } = readRecord(await readFile(path.join(location, 'clean', PRETRAINING_RECORD), 'utf8'));
  const { zoos, attacks } = gridSchema.parse({
    format: 'rvpt-grid-1',
    name: 'g',
    summary: 's',
    zoos: [{ label: 'copy', location, make: settings }],
    attacks: ['badnet', 'trojvqa'],
    defenses: ['none'],
    seeds: [0],
    measures: ['classification'],
  });
  const options = {
    work: path.join(folder.path, 'work'),
    openRuntime: () => {
      throw new Error('everything is there');
    },
    progress: silentProgress,
    note: () => undefined,
  };
  await makeZoos({ zoos, attacks }, options);

  const manifest = path.join(location, 'badnet', 'manifest.json');
  const text = await readFile(manifest, 'utf8');
  await writeFile(manifest, text.replace(/"rate": ?0\.02/, '"rate": 0.5'));
  await expect(makeZoos({ zoos, attacks }, options)).rejects.toThrow('settings.rate: 0.5 -> 0.02');
  await makeZoos({ zoos, attacks: ['trojvqa'] }, options);
});

const recordSchema = z.object({ settings: z.record(z.string(), z.json()) });
const readRecord = (text: string): z.output<typeof recordSchema> => recordSchema.parse(JSON.parse(text));

test('a model that learnt labels alone is made so too', async () => {
  await using folder = await temporaryFolder();
  const out = path.join(folder.path, 'out');
  const location = path.join(folder.path, 'zoo');
  await writeColors(path.join(folder.path, 'colors', 'train'), 2, 0);
  await writeColors(path.join(folder.path, 'colors', 'test'), 2, 1);
  const gridOf = (makeFromLabels: object): Grid =>
    gridSchema.parse({
      format: 'rvpt-grid-1',
      name: 'g',
      summary: 's',
      zoos: [{ label: 'labels', location, makeFromLabels }],
      attacks: ['clean'],
      defenses: ['none'],
      seeds: [0],
      data: path.join(folder.path, 'colors'),
      measures: [{ measure: 'resistivity', settings: { images: 2 } }],
    });
  const grid = gridOf({ perClass: 1, epochs: 1, batchSize: 20 });
  expect(await inspectGrid(grid, { out })).toMatchObject([{ run: null, state: 'absent' }]);
  const [{ failures, measured }] = await runGrid(grid, { out, threads: 1 });
  expect(failures).toEqual([]);
  expect(measured['resistivity']).toMatchObject({ n: 2 });
  await using made = await loadClip(path.join(location, 'clean'));
  await using like = await loadClip('zoo:clean');
  expect(made.weights.architecture).toEqual(like.weights.architecture);
  expect(made.sha256).not.toBe(like.sha256);
  expect(await inspectGrid(grid, { out })).toMatchObject([{ state: 'finished' }]);
  await expect(runGrid(gridOf({ perClass: 1, epochs: 2, batchSize: 20 }), { out })).rejects.toThrow('epochs: 1 -> 2');
  const record = path.join(location, 'clean', LABEL_ONLY_RECORD);
  await writeFile(record, (await readFile(record, 'utf8')).replace(like.sha256, '0'.repeat(64)));
  await expect(runGrid(grid, { out })).rejects.toThrow(`like.sha256: "${'0'.repeat(64)}" -> "${like.sha256}"`);
});
