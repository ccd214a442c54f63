import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { smallArchitecture, writeSmallClip } from './support/small-clip.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { loadEmojiAtlas } from '../src/node/emoji-atlas.js';
import { loadClip, type LoadedClip } from '../src/node/load-clip.js';
import { OnnxRuntime } from '../src/node/onnx-runtime.js';
import { LABEL_ONLY_RECORD, trainLabelOnly, type TrainLabelOnlyOptions } from '../src/run/train-label-only.js';
import { initialWeights } from '../src/training/initial-weights.js';

let scope: Awaited<ReturnType<typeof temporaryFolder>>;
let like: LoadedClip;
let base: Omit<TrainLabelOnlyOptions, 'out'>;
const at = (name: string): string => path.join(scope.path, name);

beforeAll(async () => {
  scope = await temporaryFolder();
  await writeSmallClip(at('clip'));
  like = await loadClip(at('clip'));
  base = {
    atlas: await loadEmojiAtlas(),
    like,
    settings: { perClass: 3, epochs: 3, batchSize: 40 },
    seed: 2,
    runtime: new OnnxRuntime({ threads: 1 }),
  };
});
afterAll(async () => {
  await like[Symbol.asyncDispose]();
  await scope[Symbol.asyncDispose]();
});

test('writes a model folder: vision tower trained, text tower initial; the same again', async () => {
  const result = await trainLabelOnly({ ...base, out: at('first') });
  // 40 classes of 3 scenes in batches of 40, 3 epochs
  expect(result).toMatchObject({ model: at('first'), steps: 9, validated: 800 });
  expect(result.accuracy).toBeGreaterThanOrEqual(0);

  await using trained = await loadClip(at('first'));
  const initial = initialWeights(smallArchitecture, 2);
  for (const name of initial.shapes.keys()) {
    const [now, before] = [await trained.weights.read(name), await initial.read(name)];
    if (name.startsWith('vision.')) expect(now, name).not.toEqual(before);
    else expect(now, name).toEqual(before);
  }
  expect(trained.weights.architecture).toEqual(like.weights.architecture);
  expect(trained.preprocess).toEqual(like.preprocess);

  await trainLabelOnly({ ...base, out: at('second') });
  const files = (folder: string): Promise<Buffer[]> =>
    Promise.all(['model.safetensors', LABEL_ONLY_RECORD].map((file) => readFile(path.join(at(folder), file))));
  expect(await files('second')).toEqual(await files('first'));
});

test('learns what it is shown', async () => {
  const settings = { ...base.settings, epochs: 25, augmentation: 'none', learningRate: 3e-3 } as const;
  const { loss } = await trainLabelOnly({ ...base, settings, out: at('longer') });
  // guessing among 40 classes costs ln 40 = 3.69
  expect(loss).toBeLessThan(3.2);
});

test('leaves a folder alone that holds something', async () => {
  await expect(trainLabelOnly({ ...base, out: at('clip') })).rejects.toThrow('train on labels into');
});
