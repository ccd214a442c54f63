import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openDataset } from '../src/data/dataset.js';
import { cropImage, toPixelValues, type Preprocess } from '../src/data/preprocess.js';
import type { Dataset } from '../src/data/sample.js';
import { evaluateLogits } from '../src/evaluation/evaluate.js';
import type { VisualPrompts } from '../src/inference/fold-prompts.js';
import { imageDecoder } from '../src/node/decode-image.js';
import { loadEmojiAtlas } from '../src/node/emoji-atlas.js';
import { DiskFolder, FileBytes } from '../src/node/files.js';
import { loadClip, type LoadedClip } from '../src/node/load-clip.js';
import { prepareEvaluation } from '../src/run/evaluate.js';
import { exportOnnx } from '../src/run/export-onnx.js';
import { renderScenes } from '../src/run/render-scenes.js';
import { Golden } from './support/golden.js';
import { normalTensor } from './support/random-clip.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { classify, features, processImages, runClip, runTowers, tokenize } from './support/transformers-js.mjs';

const golden = (name: string): string => path.resolve(import.meta.dirname, 'golden', name);
/** Photos and drawings of the preprocessing golden files, none smaller than what the models read. */
const photos = ['landscape.jpg', 'portrait.png', 'gray.jpg', 'exact224.png', 'small.png'];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Largest difference of two lists of numbers. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

const winner = (row: ArrayLike<number>): number => Array.from(row).indexOf(Math.max(...Array.from(row)));

function rows(data: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: data.length / width }, (_, i) => data.subarray(i * width, (i + 1) * width));
}

/** What `evaluate` says of images: [n][classes]. */
async function ownLogits(clip: LoadedClip, dataset: Dataset, prompts?: VisualPrompts): Promise<Float32Array[]> {
  const logits: Float32Array[] = [];
  const given = prompts === undefined ? {} : { prompts };
  await evaluateLogits(await prepareEvaluation({ clip, dataset, ...given }), (_, [view]) => {
    logits.push(...rows(view.logits.slice(), dataset.classNames.length));
  });
  return logits;
}

/** As many images of the model's own size as there are photos, and a few names to call them. */
async function writeImages(to: string, side: number): Promise<Dataset> {
  const names = ['dog', 'red car', 'slice of pizza', 'tall tree', 'snowman'];
  for (const [i, name] of photos.entries()) {
    const png = await sharp(golden(`preprocess/${name}`))
      .resize(side, side, { fit: 'cover' })
      .toColourspace('srgb')
      .removeAlpha()
      .png()
      .toBuffer();
    await writeFile(path.join(to, `${i}.png`), png);
  }
  const list = photos.map((_, i) => `${i}.png,${names[i]}`);
  await writeFile(path.join(to, 'list.csv'), ['image,label', ...list, ''].join('\n'));
  return openDataset({ folder: new DiskFolder(to), file: 'list.csv' });
}

const models = [
  ['a random CLIP with bytes for tokens', golden('clip-tiny/hf')],
  ['a CLIP whose texts end at the highest id', golden('clip-tiny/openai_state_dict.pt')],
  ['a mini-CLIP of the zoo', 'zoo:badnet'],
] as const;

describe.each(models)('%s', (name, location) => {
  let clip: LoadedClip;
  let dataset: Dataset;
  let defended: VisualPrompts;
  let outs: { plain: string; defended: string };
  let files: string[];

  beforeAll(async () => {
    clip = await loadClip(location);
    const { imageSize, width, layers } = clip.weights.architecture.vision;
    const place = path.join(folder.path, name.replaceAll(' ', '-'));
    outs = { plain: `${place}-plain`, defended: `${place}-defended` };
    await mkdir(place);
    dataset = await writeImages(place, imageSize);
    files = dataset.samples.map((sample) => path.join(place, sample.path));
    // prompts that change the answers: large ones, in the last two blocks
    defended = new Map([layers - 2, layers - 1].map((d) => [d, normalTensor(5, `prompts/${d}`, [7, width], 2)]));
    await exportOnnx({ clip, out: outs.plain });
    await exportOnnx({ clip, out: outs.defended, prompts: defended });
  });
  afterAll(() => clip[Symbol.asyncDispose]());

  test.each([
    ['fp32', 1e-3],
    ['fp16', 2e-2],
  ] as const)('gives the logits of evaluate in transformers.js, %s', async (dtype, tolerance) => {
    const ids = await tokenize(
      outs.plain,
      dataset.classNames.map((label) => `a photo of a ${label}.`),
    );
    const pixels = await processImages(outs.plain, files);
    const differences: number[] = [];
    for (const [out, prompts] of [
      [outs.plain, undefined],
      [outs.defended, defended],
    ] as const) {
      const expected = await ownLogits(clip, dataset, prompts);
      const got = await runClip(out, dtype, { pixels, ids });
      expect(got['logits_per_image'].shape).toEqual([files.length, dataset.classNames.length]);
      const logits = rows(got['logits_per_image'].data, dataset.classNames.length);
      differences.push(...logits.map((row, i) => difference(row, expected[i])));
      expect(logits.map(winner)).toEqual(expected.map(winner));
    }
    expect(Math.max(...differences)).toBeLessThan(tolerance);
    const [plain, changed] = [await ownLogits(clip, dataset), await ownLogits(clip, dataset, defended)];
    expect(Math.max(...plain.map((row, i) => difference(row, changed[i])))).toBeGreaterThan(0.1);
  });

  test('answers as evaluate does in the zero-shot pipeline', async () => {
    const expected = (await ownLogits(clip, dataset, defended)).map(softmax);
    const got = await classify(outs.defended, files, dataset.classNames, 'a photo of a {}.');
    got.forEach((scores, i) => {
      expect(difference(scores, expected[i])).toBeLessThan(1e-3);
    });
  });

  test('in 8 bits', async () => {
    const ids = await tokenize(
      outs.plain,
      dataset.classNames.map((label) => `a photo of a ${label}.`),
    );
    const got = await runClip(outs.defended, 'q8', { pixels: await processImages(outs.plain, files), ids });
    const expected = await ownLogits(clip, dataset, defended);
    const spread = Math.max(...expected.map((row) => Math.max(...row) - Math.min(...row)));
    rows(got['logits_per_image'].data, dataset.classNames.length).forEach((row, i) => {
      expect(difference(row, expected[i])).toBeLessThan(0.2 * spread);
    });
  });

  test('weighs half, and about a quarter', async () => {
    const size = async (file: string): Promise<number> => (await stat(path.join(outs.plain, 'onnx', file))).size;
    const whole = await size('model.onnx');
    expect((await size('model_fp16.onnx')) / whole).toBeLessThan(0.53);
    expect((await size('model_quantized.onnx')) / whole).toBeLessThan(0.33);
  });

  test('cuts long texts as evaluate does, keeping their end', async () => {
    const long = 'many words '.repeat(60);
    const labels = [long, `${long} more`, 'short'];
    const encoded = clip.tokenizer.encode(labels);
    const pixels = await processImages(outs.plain, files.slice(0, 1));
    const ours = await runTowers(outs.plain, 'fp32', {
      pixels,
      ids: { ...encoded, data: [...encoded.data].map(Number) },
    });
    const theirs = await runTowers(outs.plain, 'fp32', { pixels, ids: await tokenize(outs.plain, labels) });
    expect(difference(theirs.text_embeds.data, ours.text_embeds.data)).toBeLessThan(1e-5);
    expect((await tokenize(outs.plain, labels)).shape).toEqual(encoded.shape);
  });

  test('gives tokens as our own tokenizer does', async () => {
    const labels = ['A Photo of a dog.', 'éé 12 ☺ snow-man', 'x'];
    const { shape, data } = await tokenize(outs.plain, labels);
    const { endToken } = clip.tokenizer;
    const upToEnd = (ids: readonly number[]): number[] => ids.slice(0, ids.indexOf(endToken) + 1);
    expect(rows(data, shape[1]).map((ids) => upToEnd([...ids]))).toEqual(
      rows(Float32Array.from(clip.tokenizer.encode(labels).data, Number), clip.tokenizer.contextLength).map((ids) =>
        upToEnd([...ids]),
      ),
    );
  });

  test('gives unit embeddings from the whole, others from the towers', async () => {
    const inputs = {
      pixels: await processImages(outs.plain, files.slice(0, 2)),
      ids: await tokenize(outs.plain, ['a', 'b', 'c']),
    };
    const towers = await runTowers(outs.plain, null, inputs);
    const whole = await runClip(outs.plain, null, inputs);
    const { embedDim } = clip.weights.architecture;
    expect(towers.image_embeds.shape).toEqual([2, embedDim]);
    expect(towers.text_embeds.shape).toEqual([3, embedDim]);
    for (const key of ['image_embeds', 'text_embeds'] as const) {
      rows(towers[key].data, embedDim).forEach((row, i) => {
        const length = Math.hypot(...row);
        expect(Math.abs(length - 1)).toBeGreaterThan(1e-3);
        expect(
          difference(
            row.map((element) => element / length),
            rows(whole[key].data, embedDim)[i],
          ),
        ).toBeLessThan(1e-5);
      });
    }
    const { logits_per_image: perImage, logits_per_text: perText } = whole;
    expect(perText.shape).toEqual([3, 2]);
    expect([...perText.data]).toEqual(
      [0, 1, 2].flatMap((text) => [0, 1].map((image) => perImage.data[image * 3 + text])),
    );
    const feature = await features(outs.plain, files[0]);
    expect(feature.shape).toEqual([1, embedDim]);
    expect(difference(feature.data, rows(towers.image_embeds.data, embedDim)[0])).toBeLessThan(1e-5);
  });
});

function softmax(logits: Float32Array): number[] {
  const top = Math.max(...logits);
  const powers = [...logits].map((logit) => Math.exp(logit - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

test('OpenAI CLIP and RVPT in float64 are met by transformers.js', async () => {
  const reference = await Golden.open();
  await using clip = await loadClip(golden('clip-tiny/hf'));
  const [plain, defended] = ['golden', 'golden-defended'].map((name) => path.join(folder.path, name));
  const { shape, data } = reference.get('prompts');
  const size = shape[1] * shape[2];
  const prompts = new Map(
    [1, 2].map((d) => [d, { shape: shape.slice(1), data: data.slice((d - 1) * size, d * size) }]),
  );
  await exportOnnx({ clip, out: plain, dtypes: ['fp32'] });
  await exportOnnx({ clip, out: defended, dtypes: ['fp32'], prompts });
  const inputs = { pixels: reference.get('pixel_values'), ids: reference.get('input_ids') };
  const logits = async (out: string): Promise<Float32Array> =>
    (await runClip(out, null, inputs))['logits_per_image'].data;
  expect(difference(await logits(plain), reference.get('logits_per_image').data)).toBeLessThan(1e-3);
  expect(difference(await logits(defended), reference.get('rvpt.logits').data)).toBeLessThan(1e-3);
  const towers = await runTowers(plain, null, inputs);
  expect(difference(towers.image_embeds.data, reference.get('image_embeds').data)).toBeLessThan(1e-4);
  expect(difference(towers.text_embeds.data, reference.get('text_embeds').data)).toBeLessThan(1e-4);
});

describe('what transformers.js sees of a photo', () => {
  let clip: LoadedClip;
  let out: string;
  beforeAll(async () => {
    clip = await loadClip(golden('clip-tiny/hf'));
    out = path.join(folder.path, 'photos');
    await exportOnnx({ clip, out, dtypes: ['fp32'] });
  });
  afterAll(() => clip[Symbol.asyncDispose]());

  async function own(file: string, preprocess: Preprocess): Promise<Float32Array> {
    await using bytes = await FileBytes.open(file);
    return toPixelValues(cropImage(await imageDecoder()(bytes), preprocess), preprocess);
  }

  const mean = (a: Float32Array, b: Float32Array): number =>
    a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;

  test.each(['landscape.jpg', 'portrait.png', 'exact224.png'])(
    'is closer to ours by the config we write than by bicubic: %s',
    async (name) => {
      const file = golden(`preprocess/${name}`);
      const expected = await own(file, clip.preprocess);
      const lanczos = mean((await processImages(out, [file])).data, expected);
      const bicubic = mean((await processImages(out, [file], 3)).data, expected);
      expect(lanczos).toBeLessThan(0.75 * bicubic);
    },
  );

  test('is called what evaluate calls it, where that is sure of it', async () => {
    const scenes = path.join(folder.path, 'scenes');
    const settings = { task: 'a', split: 'test', perClass: 1, style: 'seen', difficulty: 'mild', seed: 3 } as const;
    await renderScenes(scenes, { ...settings, atlas: await loadEmojiAtlas() });
    const small = await openDataset({ folder: new DiskFolder(scenes) });
    const large = path.join(folder.path, 'large-scenes');
    for (const { path: name } of small.samples) {
      await mkdir(path.join(large, path.dirname(name)), { recursive: true });
      await sharp(path.join(scenes, name)).resize(200, 150, { fit: 'cover' }).toFile(path.join(large, name));
    }
    await using model = await loadClip('zoo:clean');
    const dataset = await openDataset({ folder: new DiskFolder(large) });
    const files = dataset.samples.map(({ path: name }) => path.join(large, name));
    const exported = path.join(folder.path, 'clean');
    await exportOnnx({ clip: model, out: exported, dtypes: ['fp32'] });
    const own = (await ownLogits(model, dataset)).map(softmax);
    const theirs = await classify(exported, files, dataset.classNames, 'a photo of a {}.');
    const sure = own.flatMap((scores, i) => (Math.max(...scores) > 0.8 ? [i] : []));
    expect(sure.length).toBeGreaterThan(own.length / 2);
    expect(sure.map((i) => winner(theirs[i]))).toEqual(sure.map((i) => winner(own[i])));
  });

  test('is what we see where nothing is resized', async () => {
    const file = path.join(folder.path, 'exact.png');
    await sharp(golden('preprocess/exact224.png')).resize(64, 64).png().toFile(file);
    expect(difference((await processImages(out, [file])).data, await own(file, clip.preprocess))).toBeLessThan(1e-5);
  });
});
