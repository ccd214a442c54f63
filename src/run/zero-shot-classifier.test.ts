import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { writeShapes } from '../../scripts/make-shapes.mjs';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { openDataset } from '../data/dataset.js';
import type { Dataset } from '../data/sample.js';
import { initialPrompts } from '../defense/tune-prompts.js';
import { tuningSettings } from '../defense/tuning-settings.js';
import { DiskFolder } from '../node/files.js';
import { loadClip, type LoadedClip } from '../node/load-clip.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import { evaluate } from './evaluate.js';
import { ZeroShotClassifier } from './zero-shot-classifier.js';

const runtime = new OnnxRuntime({ threads: 2 });
let scope: Awaited<ReturnType<typeof temporaryFolder>>;
let clip: LoadedClip;
let dataset: Dataset;
const bytesOf = (file: string): Promise<Uint8Array> => readFile(path.join(scope.path, file));

beforeAll(async () => {
  scope = await temporaryFolder();
  await writeShapes(scope.path, { perClass: 3, seed: 5 });
  dataset = await openDataset({ folder: new DiskFolder(scope.path) });
  clip = await loadClip(path.resolve(import.meta.dirname, '../../test/golden/clip-tiny/hf'));
});
afterAll(async () => {
  await clip[Symbol.asyncDispose]();
  await scope[Symbol.asyncDispose]();
});

/** Strong enough to change answers. */
function prompts(): ReturnType<typeof initialPrompts> {
  const settings = tuningSettings({ depth: 1, tokens: 4, promptStd: 2 });
  return initialPrompts(clip.weights.architecture, settings, 3);
}

test.each([
  ['the model as it is', false],
  ['a model with prompts', true],
])('%s answers as in an evaluation, calls overlapping', async (_, defended) => {
  const model = { clip, runtime, ...(defended ? { prompts: prompts() } : {}) };
  const { predictions } = await evaluate({ ...model, dataset });
  await using classifier = await ZeroShotClassifier.create({ ...model, classNames: dataset.classNames });
  const answers = await Promise.all(
    dataset.samples.map(async ({ path: file }) => (await classifier.classify(await bytesOf(file)))[0].index),
  );
  expect(answers).toEqual(predictions.map(({ predicted }) => predicted));
});

test('prompts change what the model says', async () => {
  const { classNames, samples } = dataset;
  await using plain = await ZeroShotClassifier.create({ clip, runtime, classNames });
  await using defended = await ZeroShotClassifier.create({ clip, runtime, classNames, prompts: prompts() });
  const image = await bytesOf(samples[0].path);
  const [[a], [b]] = [await plain.classify(image), await defended.classify(image)];
  expect(Math.abs(a.logit - b.logit)).toBeGreaterThan(0.01);
});

test('classes come likeliest first, with the softmax of their logits', async () => {
  const classNames = ['a circle', 'a square', 'a cross'];
  await using classifier = await ZeroShotClassifier.create({ clip, runtime, classNames, templates: ['{class}'] });
  const scores = await classifier.classify(await bytesOf(dataset.samples[0].path));
  expect(scores.map(({ index, className }) => className === classNames[index])).toEqual([true, true, true]);
  expect(new Set(scores.map(({ index }) => index)).size).toBe(3);
  const [first, second, third] = scores;
  expect(first.logit).toBeGreaterThanOrEqual(second.logit);
  expect(second.logit).toBeGreaterThanOrEqual(third.logit);
  expect(first.probability + second.probability + third.probability).toBeCloseTo(1, 10);
  expect(Math.log(first.probability / third.probability)).toBeCloseTo(first.logit - third.logit, 6);
});

test('features have length 1, and those of one image are the same twice', async () => {
  await using classifier = await ZeroShotClassifier.create({ clip, runtime, classNames: ['x'] });
  const [one, other] = await Promise.all(dataset.samples.slice(0, 2).map(({ path: file }) => bytesOf(file)));
  const features = await classifier.imageFeatures(one);
  expect(features).toHaveLength(clip.weights.architecture.embedDim);
  expect(Math.hypot(...features)).toBeCloseTo(1, 5);
  expect(await classifier.imageFeatures(one)).toEqual(features);
  expect(await classifier.imageFeatures(other)).not.toEqual(features);
});

test('what is no image, or is beyond the limits, is refused by its name; class names must be there', async () => {
  const decoding = { maxPixels: 100 };
  await using classifier = await ZeroShotClassifier.create({ clip, runtime, classNames: ['x'], decoding });
  await expect(classifier.classify(Buffer.from('GIF'), 'upload 7')).rejects.toThrow(/upload 7/);
  await expect(classifier.classify(await bytesOf(dataset.samples[0].path))).rejects.toMatchObject({ code: 'data' });
  await expect(ZeroShotClassifier.create({ clip, runtime, classNames: [] })).rejects.toMatchObject({ code: 'usage' });
  await expect(ZeroShotClassifier.create({ clip, runtime, classNames: ['a', ' '] })).rejects.toThrow(/place 1/);
});
