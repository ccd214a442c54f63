// @ts-check
// How far the pictures that transformers.js makes of photos are from ours, and what that does to the answers:
// node scripts/export-pictures.mjs FOLDER [MODEL] on every .jpg and .png of an image folder
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AutoProcessor, AutoTokenizer, CLIPModel, env, RawImage } from '@huggingface/transformers';

import { MemoryBytes } from '../dist/src/core/bytes.js';
import { cropImage } from '../dist/src/data/preprocess.js';
import { exportOnnx, imageDecoder, loadClip, ZeroShotClassifier } from '../dist/src/index.js';

const [photos, model = 'zoo:clean'] = process.argv.slice(2);
if (photos === undefined) {
  console.error('usage: export-pictures.mjs FOLDER [MODEL]');
  process.exit(2);
}
const labels = ['dog', 'cat', 'car', 'pizza', 'tree', 'banana'];
/** Pillow's numbers: 1 is what an export says, 3 what the model was trained with. */
const resamplings = { lanczos: 1, bicubic: 3 };

env.allowRemoteModels = false;

/** @param {number[]} numbers */
const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
/** @param {ArrayLike<number>} row */
const winner = (row) => Array.from(row).indexOf(Math.max(...Array.from(row)));

const folder = await mkdtemp(path.join(tmpdir(), 'rvpt-pictures-'));
try {
  const out = path.join(folder, 'export');
  const clip = await loadClip(model);
  await exportOnnx({ clip, out, dtypes: ['fp32'] });
  const classifier = await ZeroShotClassifier.create({ clip, classNames: labels });
  const { image_processor: processor } = await AutoProcessor.from_pretrained(out);
  if (processor === undefined) throw new Error('the export has no image processor');
  const tokenizer = await AutoTokenizer.from_pretrained(out);
  const exported = await CLIPModel.from_pretrained(out);
  const texts = tokenizer(
    labels.map((label) => `a photo of a ${label}.`),
    { padding: true, truncation: true },
  );
  const decode = imageDecoder();
  const files = (await readdir(photos, { recursive: true })).filter((name) => /\.(jpe?g|png)$/i.test(name)).sort();
  /** @type {Record<string, { levels: number[], logits: number[], same: number }>} */
  const found = Object.fromEntries(Object.keys(resamplings).map((name) => [name, { levels: [], logits: [], same: 0 }]));
  for (const name of files) {
    const file = path.join(photos, name);
    const bytes = new Uint8Array(await readFile(file));
    const scores = await classifier.classify(bytes);
    const own = labels.map((_, index) => scores.find((score) => score.index === index)?.logit ?? NaN);
    const crop = cropImage(await decode(new MemoryBytes(name, bytes)), clip.preprocess);
    const plane = crop.width * crop.height;
    for (const [kind, resample] of Object.entries(resamplings)) {
      processor.resample = resample;
      const { pixel_values } = await processor(await RawImage.read(file));
      const values = pixel_values.data;
      let sum = 0;
      for (let at = 0; at < 3 * plane; at++) {
        const channel = Math.floor(at / plane);
        const level = 255 * (values[at] * clip.preprocess.std[channel] + clip.preprocess.mean[channel]);
        sum += Math.abs(level - crop.data[(at % plane) * 3 + channel]);
      }
      const { logits_per_image } = await exported({ ...texts, pixel_values });
      found[kind].levels.push(sum / (3 * plane));
      found[kind].logits.push(Math.max(...own.map((logit, i) => Math.abs(logit - logits_per_image.data[i]))));
      if (winner(logits_per_image.data) === winner(own)) found[kind].same++;
    }
  }
  console.log(
    `${files.length} photos, ${clip.preprocess.imageSize} px, ${model}; largest difference of ${labels.length} logits`,
  );
  for (const [kind, { levels, logits, same }] of Object.entries(found)) {
    console.log(
      `${kind}: pixels differ by ${mean(levels).toFixed(1)} of 255 (at most ${Math.max(...levels).toFixed(1)}), ` +
        `logits by ${mean(logits).toFixed(2)} (at most ${Math.max(...logits).toFixed(2)}); ${same} same answers`,
    );
  }
  await classifier[Symbol.asyncDispose]();
  await clip[Symbol.asyncDispose]();
  await exported.dispose();
} finally {
  await rm(folder, { recursive: true, force: true });
}
