import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

import { testHub, type TestHub } from '../../../test/support/hub.js';
import { locateModel } from '../model-location.js';
import { loadClip } from '../load-clip.js';

const golden = path.resolve(import.meta.dirname, '../../../test/golden/clip-tiny');
const read = (name: string): Promise<Uint8Array> => readFile(path.join(golden, name));

/** Paths in the repository that were fetched since the last call. */
function fetched(hub: TestHub): string[] {
  return hub
    .asked()
    .flatMap((asked) => /\/resolve\/[^/]+\/(.+)$/.exec(asked)?.[1] ?? [])
    .sort();
}

test('weights as safetensors, what stands beside them, and nothing else', async () => {
  await using hub = await testHub();
  const weights = await read('hf/model.safetensors');
  const commit = await hub.add(
    { id: 'o/clip' },
    {
      'model.safetensors': weights,
      'config.json': await read('hf/config.json'),
      'pytorch_model.bin': 'a pickle',
      'tf_model.h5': 'of another library',
      'onnx/model.onnx': 'for another program',
      'README.md': 'a card',
    },
  );
  await using clip = await loadClip('hf:o/clip');
  expect(fetched(hub)).toEqual(['config.json', 'model.safetensors']);
  await using local = await loadClip(path.join(golden, 'hf'));
  expect(clip.sha256).toBe(local.sha256);
  expect(clip.path).toBe('hf:o/clip');
  expect(clip.origin).toMatchObject({ repository: 'o/clip', revision: 'main', commit, type: 'model' });
  expect(clip.origin?.files.find((file) => file.path === 'model.safetensors')?.sha256).toBe(local.sha256);
  expect(local.origin).toBeUndefined();
});

test('safetensors of open_clip before a pickle of Hugging Face', async () => {
  await using hub = await testHub();
  await hub.add(
    { id: 'o/clip' },
    { 'pytorch_model.bin': 'p', 'open_clip_model.safetensors': 's', 'open_clip_config.json': '{}' },
  );
  await locateModel('hf:o/clip');
  expect(fetched(hub)).toEqual(['open_clip_config.json', 'open_clip_model.safetensors']);
});

test('a pickle where there is nothing else, which is said', async () => {
  await using hub = await testHub();
  await hub.add({ id: 'o/clip' }, { 'pytorch_model.bin': 'p' });
  const notes: string[] = [];
  await locateModel('hf:o/clip', { note: (line) => notes.push(line) });
  expect(notes).toEqual(['hf:o/clip: pytorch_model.bin may be a pickle; it is parsed, and nothing in it is executed']);
});

test('all shards of an index', async () => {
  await using hub = await testHub();
  const index = { weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' } };
  await hub.add(
    { id: 'o/clip' },
    {
      'model.safetensors.index.json': JSON.stringify(index),
      'model-00001-of-00002.safetensors': '1',
      'model-00002-of-00002.safetensors': '2',
      'model-00001-of-00001.safetensors': 'of another index',
    },
  );
  const { path: folder, origin } = await locateModel('hf:o/clip');
  const names = [
    'model-00001-of-00002.safetensors',
    'model-00002-of-00002.safetensors',
    'model.safetensors.index.json',
  ];
  expect(fetched(hub)).toEqual(names);
  expect(origin?.files.map((file) => file.path)).toEqual(names);
  expect(await readFile(path.join(folder, names[1]), 'utf8')).toBe('2');
});

test('an index with a shard that is not there, or outside', async () => {
  await using hub = await testHub();
  for (const [shard, said] of [
    ['gone.safetensors', 'expected a file "gone.safetensors" in the repository'],
    ['../x.safetensors', 'Do not trust this folder'],
  ]) {
    await hub.add({ id: 'o/clip' }, { 'model.safetensors.index.json': JSON.stringify({ weight_map: { a: shard } }) });
    await expect(locateModel('hf:o/clip')).rejects.toThrow(said);
  }
});

test('a file of any name, in any folder and revision, with what is beside it', async () => {
  await using hub = await testHub();
  await hub.add(
    { id: 'o/many', revision: 'v2' },
    { 'config.json': '{}', 'runs/config.json': '{}', 'runs/epoch_5.pt': await read('openai_state_dict.pt') },
  );
  const { path: file } = await locateModel('hf:o/many/runs/epoch_5.pt@v2');
  expect(fetched(hub)).toEqual(['runs/config.json', 'runs/epoch_5.pt']);
  expect(path.basename(file)).toBe('epoch_5.pt');
  await expect(locateModel('hf:o/many@v2')).rejects.toThrow(
    'got one with runs/epoch_5.pt. Name the file: hf:o/many/runs/epoch_5.pt@v2.',
  );
});

test('a file that is not a checkpoint is refused as one on disk is', async () => {
  await using hub = await testHub();
  await hub.add({ id: 'o/clip' }, { 'model.safetensors': 'not one' });
  await expect(loadClip('hf:o/clip')).rejects.toMatchObject({ name: 'InputError' });
});
