// @ts-check
// transformers.js as people use it, offline: plain arrays in and out. JavaScript, as the library's types are loose.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import {
  AutoProcessor,
  AutoTokenizer,
  CLIPModel,
  CLIPTextModelWithProjection,
  CLIPVisionModelWithProjection,
  env,
  pipeline,
  RawImage,
  Tensor,
} from '@huggingface/transformers';

env.allowRemoteModels = false;
env.allowLocalModels = true;

/** @param {Tensor} tensor */
function plain(tensor) {
  return { shape: [...tensor.dims], data: Float32Array.from(tensor.data, Number) };
}

/** @param {import('./transformers-js.mjs').PlainTensor} tensor @param {'float32' | 'int64'} type */
function fed({ shape, data }, type) {
  return new Tensor(type, type === 'int64' ? BigInt64Array.from(data, BigInt) : Float32Array.from(data), [...shape]);
}

/** @type {typeof import('./transformers-js.mjs').runClip} */
export async function runClip(folder, dtype, { pixels, ids }) {
  const model = await CLIPModel.from_pretrained(folder, { dtype });
  const out = await model({ input_ids: fed(ids, 'int64'), pixel_values: fed(pixels, 'float32') });
  await model.dispose();
  return Object.fromEntries(Object.entries(out).map(([name, tensor]) => [name, plain(tensor)]));
}

/** @type {typeof import('./transformers-js.mjs').runTowers} */
export async function runTowers(folder, dtype, { pixels, ids }) {
  const vision = await CLIPVisionModelWithProjection.from_pretrained(folder, { dtype });
  const text = await CLIPTextModelWithProjection.from_pretrained(folder, { dtype });
  const { image_embeds } = await vision({ pixel_values: fed(pixels, 'float32') });
  const { text_embeds } = await text({ input_ids: fed(ids, 'int64') });
  await Promise.all([vision.dispose(), text.dispose()]);
  return { image_embeds: plain(image_embeds), text_embeds: plain(text_embeds) };
}

/** @type {typeof import('./transformers-js.mjs').runInWebAssembly} */
export async function runInWebAssembly(file, { pixels, ids }) {
  // the one that transformers.js brings along for browsers
  const require = createRequire(import.meta.resolve('@huggingface/transformers'));
  const { InferenceSession, Tensor, env } = await import(pathToFileURL(require.resolve('onnxruntime-web')).href);
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(await readFile(file), { executionProviders: ['wasm'] });
  const out = await session.run({
    input_ids: new Tensor('int64', BigInt64Array.from(ids.data, BigInt), [...ids.shape]),
    pixel_values: new Tensor('float32', Float32Array.from(pixels.data), [...pixels.shape]),
  });
  await session.release();
  return Object.fromEntries(Object.entries(out).map(([name, tensor]) => [name, plain(tensor)]));
}

/** @type {typeof import('./transformers-js.mjs').tokenize} */
export async function tokenize(folder, texts) {
  const tokenizer = await AutoTokenizer.from_pretrained(folder);
  return plain(tokenizer([...texts], { padding: true, truncation: true }).input_ids);
}

/** @type {typeof import('./transformers-js.mjs').processImages} */
export async function processImages(folder, files, resample) {
  const processor = await AutoProcessor.from_pretrained(folder);
  if (resample !== undefined) processor.image_processor.resample = resample;
  const images = await Promise.all(files.map((file) => RawImage.read(file)));
  return plain((await processor(images)).pixel_values);
}

/** @type {typeof import('./transformers-js.mjs').classify} */
export async function classify(folder, files, labels, template) {
  const classifier = await pipeline('zero-shot-image-classification', folder);
  const answers = await classifier([...files], [...labels], { hypothesis_template: template });
  await classifier.dispose();
  return answers.map((scores) => labels.map((label) => scores.find((one) => one.label === label)?.score ?? NaN));
}

/** @type {typeof import('./transformers-js.mjs').features} */
export async function features(folder, file) {
  const extractor = await pipeline('image-feature-extraction', folder);
  const out = plain(await extractor(file));
  await extractor.dispose();
  return out;
}
