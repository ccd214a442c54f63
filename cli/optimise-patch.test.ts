import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { raster } from '../src/core/raster.js';
import { openTrigger } from '../src/node/open-trigger.js';
import { goldenModel, MeasuredModel } from '../test/support/measured-model.js';
import { runInProcess, type Outcome } from '../test/support/run-in-process.js';
import { optimisePatch } from './optimise-patch.js';

let measured: MeasuredModel;
beforeAll(async () => {
  measured = await MeasuredModel.create();
});
afterAll(async () => {
  await measured[Symbol.asyncDispose]();
});

// the small golden CLIP reads images of 64 pixels: 56 of 224 is 16 of these
const settings = ['--size', '56', '--steps', '12', '--batch-size', '5', '--learning-rate', '0.1'];

function run(...argv: string[]): Promise<Outcome> {
  const model = ['--model', goldenModel, '--data', measured.data, '--target', 'Boat'];
  return runInProcess(['optimise-patch', ...model, ...settings, ...argv], [optimisePatch]);
}

test.each(['trojvqa', 'badclip'])('%s: a patch, and a manifest that is its trigger', async (method) => {
  const out = measured.file(`${method}.png`);
  const { code, stdout } = await run('--method', method, '--out', out, '--json');
  expect(code).toBe(0);
  const manifest = measured.file(`${method}.json`);
  const images = { images: 15, target_images: method === 'badclip' ? 5 : 0, captions: method === 'badclip' ? 7 : 1 };
  expect(JSON.parse(stdout)).toMatchObject({
    patch: out,
    manifest,
    target: { index: 1, name: 'boat' },
    steps: 12,
    ...images,
  });

  const { data, info } = await sharp(out).raw().toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: 16, height: 16, channels: 3 });
  const { trigger, target, files } = await openTrigger(manifest);
  expect(target).toBe('boat');
  expect(trigger).toMatchObject({ name: method, settings: { size: 56, place: 'center' } });
  const written: unknown = JSON.parse(await readFile(manifest, 'utf8'));
  expect(written).toMatchObject({
    format: 'rvpt-patch-1',
    method,
    sha256: files[`${method}.png`],
    seed: 0,
    model: { sha256: measured.sha256 },
    settings: { steps: 12, batchSize: 5, learningRate: 0.1, margin: 1 },
    images: images.images,
    target_images: images.target_images,
  });
  expect(written).toHaveProperty('losses.length', 12);

  // in the middle of a 64-pixel image: 24 … 39
  const triggered = trigger.apply(raster(64, 64, new Uint8Array(64 * 64 * 3)), { seed: 0, imageKey: '' });
  for (const [x, y] of [
    [24, 24],
    [39, 39],
    [30, 27],
  ]) {
    const at = (y * 64 + x) * 3;
    const from = ((y - 24) * 16 + x - 24) * 3;
    expect([...triggered.data.subarray(at, at + 3)]).toEqual([...data.subarray(from, from + 3)]);
  }
  expect(triggered.data.subarray(0, 24 * 64 * 3).every((value) => value === 0)).toBe(true);
});

test('the same seed gives the same file; captions may come from one', async () => {
  const captions = measured.file('captions.txt');
  await writeFile(captions, 'a boat at sea\n\n  two boats  \r\n');
  const patchOf = async (name: string, ...argv: string[]): Promise<Buffer> => {
    const out = measured.file(`${name}.png`);
    expect(await run('--method', 'badclip', '--captions', captions, '--out', out, ...argv)).toMatchObject({ code: 0 });
    return readFile(out);
  };
  const first = await patchOf('first');
  expect(await patchOf('second')).toEqual(first);
  expect(await patchOf('third', '--seed', '1')).not.toEqual(first);
  const written: unknown = JSON.parse(await readFile(measured.file('first.json'), 'utf8'));
  expect(written).toMatchObject({ captions: ['a boat at sea', 'two boats'] });
});

test('mistakes are told before anything is optimised', async () => {
  const refused = async (message: RegExp, ...argv: string[]): Promise<void> => {
    const { code, stderr } = await run('--method', 'badclip', '--out', measured.file('refused.png'), ...argv);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  };
  await refused(/expected a file name that ends in \.png, got \.jpg/, '--out', measured.file('patch.jpg'));
  await refused(/no folder to write into/, '--out', measured.file('nowhere/patch.png'));
  await refused(/expected one of the 4 classes/, '--target', 'banana');
  await refused(/--size: the trigger would be larger than the image/, '--size', '225');
  const empty = measured.file('empty.txt');
  await writeFile(empty, '\n \n');
  await refused(/read the captions in .*expected one a line, got none/, '--captions', empty);
});

test('a target class without images is enough for trojvqa, and too little for badclip', async () => {
  const data = measured.file('no-boats');
  for (const name of ['boat', 'cat']) await mkdir(path.join(data, name), { recursive: true });
  await writeFile(path.join(data, 'cat', '0.png'), await readFile(path.join(measured.data, 'cat', '0.png')));
  const { code, stderr } = await run('--method', 'badclip', '--data', data, '--out', measured.file('b.png'));
  expect(stderr).toMatch(/optimise a patch by badclip: expected images of the target class, got none/);
  expect(code).toBe(2);
  expect(await run('--method', 'trojvqa', '--data', data, '--out', measured.file('t.png'))).toMatchObject({ code: 0 });
});
