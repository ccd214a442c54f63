import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { exportRecordSchema } from '../src/export/export-record.js';
import { goldenModel, MeasuredModel, photoClasses } from '../test/support/measured-model.js';
import { runInProcess, type Outcome } from '../test/support/run-in-process.js';
import { exportCommand } from './export.js';

let model: MeasuredModel;
let run: string;
beforeAll(async () => {
  model = await MeasuredModel.create();
  run = await model.writeRun('run', photoClasses);
});
afterAll(() => model[Symbol.asyncDispose]());

const rvptExport = (...flags: string[]): Promise<Outcome> => runInProcess(['export', ...flags], [exportCommand]);

test('exports a run, measured and attested, and says so in JSON and in the record', async () => {
  const out = model.file('exported');
  const flags = [
    '--model',
    goldenModel,
    '--prompts',
    run,
    '--out',
    out,
    '--dtype',
    'fp32',
    '--dtype',
    'q8',
    '--attest',
  ];
  const measured = ['--test', model.data, '--trigger', 'badnet', '--target', 'cat', '--limit', '12', '--seed', '5'];
  const { code, stdout } = await rvptExport(...flags, ...measured, '--json');
  expect(code).toBe(0);
  const record = exportRecordSchema.parse(JSON.parse(await readFile(path.join(out, 'rvpt_export.json'), 'utf8')));
  expect(JSON.parse(stdout)).toEqual({
    out,
    model: { path: goldenModel, sha256: model.sha256 },
    prompts: record.prompts,
    run: 'run',
    dtypes: record.dtypes.map(({ dtype, bytes }) => ({ dtype, bytes })),
    measurement: record.measurement,
  });
  expect(record.dtypes.map(({ dtype }) => dtype)).toEqual(['fp32', 'q8']);
  expect(record.measurement).toMatchObject({ data: { images: 12 }, attack: { target: { name: 'cat' }, seed: 5 } });
  expect(record.run).toMatchObject({ method: 'rvpt', seed: 0, settings: { templates: ['a photo of a {class}.'] } });
  expect(Object.keys(record.run?.files ?? {})).toEqual(['config.json', 'samples.json', 'prompts.safetensors']);
  expect(await readdir(out)).toEqual(expect.arrayContaining(['README.md', 'attestation.json', 'config.json', 'onnx']));
});

test('draws sizes and figures as tables', async () => {
  const { stdout } = await rvptExport('--model', goldenModel, '--out', model.file('tables'), '--test', model.data);
  expect(stdout).toMatch(/fp16 +│ \d\.\d MB +│ 5\d\.\d %/);
  expect(stdout).toMatch(/as evaluated +│ \d+\.\d\d/);
  expect(stdout).not.toContain('ASR');
});

test.each([
  ['an attack without images', ['--trigger', 'badnet', '--target', 'cat'], '--trigger without --test'],
  ['a target that is none', ['--trigger', 'badnet', '--target', 'ox'], '"ox"', 'test'],
  ['a dtype that is none', ['--dtype', 'q4'], 'q4'],
  ['prompts that are not there', ['--prompts', 'nowhere'], 'nothing at that path'],
  ['prompts of another model', ['--model', 'zoo:clean', '--prompts', 'RUN'], 'prompts for the model with sha256'],
] as const)('refuses %s before anything is written', async (_, flags, message, test?: 'test') => {
  const out = model.file('refused');
  const given = flags.map((flag) => (flag === 'RUN' ? run : flag));
  const data = test === undefined ? [] : ['--test', model.data];
  const { code, stderr } = await rvptExport('--model', goldenModel, '--out', out, ...given, ...data);
  expect(stderr).toContain(message);
  expect(code).toBe(2);
  await expect(readdir(out)).rejects.toThrow('ENOENT');
});

test('refuses a folder that holds anything', async () => {
  const { code, stderr } = await rvptExport('--model', goldenModel, '--out', run);
  expect([code, stderr.includes('expected a new or empty folder')]).toEqual([2, true]);
});
