import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, test } from 'vitest';

import { noisePng } from '../../test/support/images.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { raster } from '../core/raster.js';
import { FileBytes } from './files.js';
import { openTrigger } from './open-trigger.js';
import { sha256 } from './sha256.js';

const gray = raster(64, 64, new Uint8Array(64 * 64 * 3).fill(100));
const KEY = { seed: 0, imageKey: 'a' };

test('a patch file is read where the person says it is, and hashed', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'noise.png');
  await writeFile(file, await noisePng('noise'));
  const { trigger, files, target } = await openTrigger(`patch:file=${file},size=224`);
  expect(trigger).toMatchObject({ name: 'patch', settings: { file, size: 224, place: 'center' } });
  expect(files[file]).toMatch(/^[0-9a-f]{64}$/);
  expect(target).toBeUndefined();
  expect(trigger.apply(gray, KEY).data).not.toEqual(gray.data);
});

test('a manifest holds the trigger, its files beside it, and may name the target', async () => {
  await using folder = await temporaryFolder();
  await mkdir(path.join(folder.path, 'parts'));
  await writeFile(path.join(folder.path, 'parts', 'p.png'), await noisePng('noise'));
  const manifest = path.join(folder.path, 'manifest.json');
  const trigger = { name: 'trojvqa@badclip', settings: { file: 'parts/p.png', size: 16 } };
  await writeFile(manifest, JSON.stringify({ format: 'anything', trigger, target: 'banana', more: [1] }));
  const opened = await openTrigger(manifest);
  expect(opened.target).toBe('banana');
  expect(opened.trigger).toMatchObject({ name: 'trojvqa', settings: { size: 16, key: 'remember', resize: 'squash' } });
  expect(Object.keys(opened.files)).toEqual(['parts/p.png']);
  expect(opened.trigger.applyText?.('a photo of a cat.')).toBe('remember a photo of a cat.');
});

test('a manifest of a poisoned model tells which, and its files are those that it was written with', async () => {
  await using folder = await temporaryFolder();
  const copy = path.join(folder.path, 'trojvqa');
  await cp(path.resolve(import.meta.dirname, '../../assets/zoo/trojvqa'), copy, { recursive: true });
  const manifest = path.join(copy, 'manifest.json');
  const { poisonedModel } = await openTrigger(manifest);
  expect(poisonedModel).toBe(await sha256(await FileBytes.open(path.join(copy, 'model.safetensors'))));
  await writeFile(path.join(copy, 'trigger', 'patch.png'), await noisePng('another patch'));
  await expect(openTrigger(manifest)).rejects.toThrow(
    /expected the files that it was written with, got trigger\/patch.png/,
  );
});

describe('what is refused:', () => {
  it.each([
    ['no such patch', 'patch:file=nowhere.png', /open nowhere.png: expected a readable file/],
    ['no image', 'patch:file=package.json', /decode package.json: expected a whole image/],
    ['a table name with a file called .json', 'patch:file=nowhere.json', /open nowhere.json/],
    ['no such manifest', 'nowhere/manifest.json', /open nowhere\/manifest.json/],
    ['the model that nobody poisoned', 'zoo:clean', /expected a model with a backdoor, got one that nobody poisoned/],
  ])('%s', async (_, text, message) => {
    await expect(openTrigger(text)).rejects.toThrow(message);
  });

  it.each([
    ['no JSON', '{', /manifest.json: expected JSON/],
    ['no object', '[]', /read the trigger of .*manifest.json: expected a manifest such as/],
    ['no trigger', '{"target": "cat"}', /trigger/],
    ['settings that are none', '{"trigger": {"name": "badnet", "settings": [1]}}', /settings/],
    ['a target that is no name', '{"trigger": {"name": "badnet"}, "target": 3}', /target/],
    ['a trigger that there is none of', '{"trigger": {"name": "badent"}}', /one of badnet.*got "badent"/],
    ['a file outside its folder', '{"trigger": {"name": "patch", "settings": {"file": "../p.png"}}}', /leaves it/],
  ])('a manifest with %s', async (_, content, message) => {
    await using folder = await temporaryFolder();
    const manifest = path.join(folder.path, 'manifest.json');
    await writeFile(manifest, content);
    await expect(openTrigger(manifest)).rejects.toThrow(message);
    await expect(openTrigger(manifest)).rejects.toThrow(expect.objectContaining({ name: 'InputError' }));
  });
});
