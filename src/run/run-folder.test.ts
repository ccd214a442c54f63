import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

import { tensor } from '../tensor/tensor.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { mountTinyDisk } from '../../test/support/tiny-disk.js';
import { currentVersions, sha256OfJson } from './provenance.js';
import { readRun } from './read-run.js';
import { RunFolder } from './run-folder.js';
import type { HistoryEntry, RunConfig } from './schema.js';

const config: RunConfig = {
  format: 'rvpt-run-1',
  created: '2026-01-02T03:04:05.000Z',
  method: 'rvpt',
  settings: { alpha: 2, prompts: 50, templates: ['a photo of a {}.'] },
  seed: 7,
  execution: { device: 'cpu', threads: 2 },
  model: { path: 'model.safetensors', sha256: 'a'.repeat(64) },
  data: { path: 'images', sha256: 'b'.repeat(64) },
  versions: currentVersions(),
};

function entry(step: number): HistoryEntry {
  return { step, epoch: 0, loss: 1 / step, ce: 2, fr: -0.5, learning_rate: 0.002 };
}

function stateOf(step: number): { step: number; tensors: Map<string, ReturnType<typeof tensor>> } {
  return { step, tensors: new Map([['prompts.3', tensor([2, 2], [step, 1 / 3, -0, 1e-40])]]) };
}

test('what is written is read back', async () => {
  await using folder = await temporaryFolder();
  const runPath = path.join(folder.path, 'deep', 'run');
  const samples = { classes: ['cat', 'dog'], samples: [{ image: 'cat/1.jpg', label: 0 }] };
  {
    await using run = await RunFolder.create(runPath, config);
    expect(run.resumed).toBe(false);
    await run.writeSamples(samples);
    await run.writeMetrics({ ca: 0.5 });
    await run.writePrompts(Uint8Array.of(1));
    await run.history.append(entry(1));
  }
  expect(await readRun(runPath)).toEqual({
    folder: runPath,
    config,
    samples,
    history: [entry(1)],
    metrics: { ca: 0.5 },
  });
  expect((await readdir(runPath)).sort()).toEqual([
    'config.json',
    'history.jsonl',
    'metrics.json',
    'prompts.safetensors',
    'samples.json',
  ]);
});

test('a folder with a run is refused without resume, one with other files always', async () => {
  await using folder = await temporaryFolder();
  await (await RunFolder.create(folder.path, config))[Symbol.asyncDispose]();
  await expect(RunFolder.create(folder.path, config)).rejects.toThrow('--resume');
  const foreign = path.join(folder.path, 'foreign');
  await mkdir(foreign);
  await writeFile(path.join(foreign, 'thesis.tex'), '');
  for (const resume of [false, true]) {
    await expect(RunFolder.create(foreign, config, { resume })).rejects.toThrow('thesis.tex');
  }
  expect(await readdir(foreign)).toEqual(['thesis.tex']);
});

test('two runs into one folder: the second is refused', async () => {
  await using folder = await temporaryFolder();
  await using run = await RunFolder.create(folder.path, config);
  await expect(RunFolder.create(folder.path, config, { resume: true })).rejects.toMatchObject({ code: 'locked' });
  await expect(RunFolder.open(run.path)).rejects.toMatchObject({ code: 'locked' });
});

test('a state comes back to the last bit, and the history with it', async () => {
  await using folder = await temporaryFolder();
  {
    await using run = await RunFolder.create(folder.path, config);
    expect(await run.loadState()).toBeUndefined();
    for (const step of [1, 2]) await run.history.append(entry(step));
    await run.saveState(stateOf(2));
    await run.history.append(entry(3));
  }
  await using run = await RunFolder.create(
    folder.path,
    { ...config, created: '2027-01-01T00:00:00Z' },
    { resume: true },
  );
  expect(run.resumed).toBe(true);
  expect(run.config).toEqual(config);
  const state = await run.loadState();
  expect(state?.step).toBe(2);
  expect([...(state?.tensors ?? [])]).toEqual([...stateOf(2).tensors]);
  expect(Object.is(state?.tensors.get('prompts.3')?.data[2], -0)).toBe(true);
  expect((await readRun(folder.path)).history).toEqual([entry(1), entry(2)]);
});

test('resuming where nothing was saved starts from the beginning', async () => {
  await using folder = await temporaryFolder();
  {
    await using run = await RunFolder.create(folder.path, config, { resume: true });
    expect(run.resumed).toBe(false);
    await run.history.append(entry(1));
  }
  await using run = await RunFolder.create(folder.path, config, { resume: true });
  expect(run.resumed).toBe(true);
  expect(await run.loadState()).toBeUndefined();
  expect((await readRun(folder.path)).history).toEqual([]);
});

test('resuming with other settings names each of them; where it ran may change', async () => {
  await using folder = await temporaryFolder();
  await (await RunFolder.create(folder.path, config))[Symbol.asyncDispose]();
  const other = { ...config, seed: 8, settings: { alpha: 3, prompts: 50, margin: 0 } };
  const resumed = RunFolder.create(folder.path, other, { resume: true });
  await expect(resumed).rejects.toMatchObject({ code: 'mismatch' });
  await expect(resumed).rejects.toThrow(
    [
      'seed: 7 -> 8',
      '  settings.alpha: 2 -> 3',
      '  settings.margin: not set -> 0',
      '  settings.templates: ["a photo of a {}."] -> not set',
    ].join('\n'),
  );
  const elsewhere = { ...config, execution: { threads: 4 }, versions: { ...config.versions, node: '99.0.0' } };
  await using run = await RunFolder.create(folder.path, elsewhere, { resume: true });
  expect(run.versionChanges).toEqual([`node ${config.versions.node} -> 99.0.0`]);
});

test('the state of another run is refused', async () => {
  await using folder = await temporaryFolder();
  const [one, two] = ['one', 'two'].map((name) => path.join(folder.path, name));
  {
    await using run = await RunFolder.create(one, config);
    await run.saveState(stateOf(0));
  }
  await using run = await RunFolder.create(two, { ...config, seed: 8 });
  await writeFile(run.file('state'), await readFile(path.join(one, 'state.safetensors')));
  await expect(run.loadState()).rejects.toMatchObject({ code: 'mismatch' });
  await writeFile(run.file('state'), 'torn');
  await expect(run.loadState()).rejects.toMatchObject({ name: 'InputError' });
});

test('a folder without a run, or with a config that is none, is refused', async () => {
  await using folder = await temporaryFolder();
  await expect(readRun(folder.path)).rejects.toMatchObject({ code: 'missing' });
  await expect(RunFolder.open(path.join(folder.path, 'no'))).rejects.toMatchObject({ code: 'missing' });
  await writeFile(path.join(folder.path, 'config.json'), '{');
  await expect(readRun(folder.path)).rejects.toMatchObject({ code: 'malformed' });
  await writeFile(path.join(folder.path, 'config.json'), JSON.stringify({ ...config, seed: 'x' }));
  await expect(readRun(folder.path)).rejects.toThrow('seed');
});

test('a disk that is full from the start leaves no run behind', async ({ skip }) => {
  const mounted = mountTinyDisk(8);
  if (typeof mounted === 'string') return skip(mounted);
  using disk = mounted;
  const filler = path.join(disk.path, 'filler');
  await expect(writeFile(filler, new Uint8Array(1 << 20))).rejects.toThrow('ENOSPC');
  const runPath = path.join(disk.path, 'run');
  await expect(RunFolder.create(runPath, config)).rejects.toMatchObject({ code: 'storage' });
  expect(await readdir(runPath).catch(() => [])).toEqual([]);
});

test('the hash of JSON does not depend on the order of keys', () => {
  // printf '{"a":[1,{"c":null,"d":"x"}],"b":0.1}' | sha256sum
  const expected = '527d52c18daafa1459ab5b29c9d741d8d3444cf4f57cb257ecb1e589c8a3c06a';
  expect(sha256OfJson({ b: 0.1, a: [1, { d: 'x', c: null }] })).toBe(expected);
  expect(() => sha256OfJson({ a: NaN })).toThrow(RangeError);
});
