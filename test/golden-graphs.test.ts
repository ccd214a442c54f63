import { beforeAll, describe, expect, test } from 'vitest';

import { naiveStep } from './support/naive-clip.js';
import { relativeError } from './support/draw.js';
import { Golden, goldenWeights } from './support/golden.js';
import { webgpuRuntime } from './support/webgpu.js';
import { frozenFeaturesGraph, gradientName, promptName, tuningStepGraph } from '../src/defense/prompt-tuning-graph.js';
import { ResistivityMean } from '../src/evaluation/resistivity-mean.js';
import { lowerToOnnx } from '../src/graph/onnx/lower.js';
import { imageGraph, textGraph, type GraphOutputs } from '../src/model/clip-graphs.js';
import { endOfTextMask } from '../src/model/end-of-text.js';
import { foldPrompts } from '../src/inference/fold-prompts.js';
import type { ClipWeights } from '../src/model/weights.js';
import { OnnxRuntime } from '../src/node/onnx-runtime.js';
import { evaluateReference, referenceFeeds } from '../src/runtime/reference.js';
import type { Feeds, Runtime } from '../src/runtime/session.js';
import { tensor, type Tensor } from '../src/tensor/tensor.js';
import { Sgd } from '../src/training/sgd.js';

// D, b, alpha and margin are those that golden.safetensors was made with; its metadata names them.
const shape = { depth: 1, tokens: 6 };
const alpha = 2;
const margin = 0.7317563692320788;
const batch = 6;

let golden: Golden;
let weights: ClipWeights;
beforeAll(async () => {
  golden = await Golden.open();
  weights = await goldenWeights();
});

function slab(from: Tensor, index: number): Tensor {
  const [, ...rest] = from.shape;
  const size = from.data.length / from.shape[0];
  return { shape: rest, data: from.data.slice(index * size, (index + 1) * size) };
}

/** Rows divided by their lengths, plainly. */
function unit({ shape: [rows, width], data }: Tensor): Tensor {
  const out = data.slice();
  for (let row = 0; row < rows; row++) {
    const part = out.subarray(row * width, (row + 1) * width);
    const length = Math.sqrt(part.reduce((sum, element) => sum + element * element, 0));
    part.forEach((element, i) => (part[i] = element / length));
  }
  return { shape: [rows, width], data: out };
}

function oneHot(labels: readonly number[], classes: number): Tensor {
  const out = tensor([labels.length, classes]);
  labels.forEach((label, row) => (out.data[row * classes + label] = 1));
  return out;
}

async function run(runtime: Runtime, outputs: GraphOutputs, feeds: Feeds): Promise<Readonly<Record<string, Tensor>>> {
  await using session = await runtime.compile(lowerToOnnx(outputs, runtime.provider));
  return await session.run(feeds);
}

const promptFeeds = (prompts: Tensor): Feeds => ({
  [promptName(1)]: slab(prompts, 0),
  [promptName(2)]: slab(prompts, 1),
});

const runtimes = [new OnnxRuntime(), ...webgpuRuntime()];

describe.each(runtimes)('on $device, OpenAI CLIP and RVPT in float64 are met by', (runtime) => {
  const stepFeeds = async (prompts: Tensor): Promise<Feeds> => {
    const features = await run(runtime, frozenFeaturesGraph(weights, shape.depth, batch), {
      pixel_values: golden.get('pixel_values'),
    });
    return {
      ...features,
      targets: oneHot([...golden.get('labels').data], 5),
      weights: tensor([batch], new Float32Array(batch).fill(1 / batch)),
      ...promptFeeds(prompts),
    };
  };
  const stepGraph = (objective: { alpha: number; margin: number | undefined }): GraphOutputs =>
    tuningStepGraph(weights, shape, objective, unit(golden.get('text_embeds')), batch);

  test('class tokens, image embeddings and logits', async () => {
    const outputs = imageGraph(weights, { batch, textFeatures: unit(golden.get('text_embeds')), classTokens: true });
    const got = await run(runtime, outputs, { pixel_values: golden.get('pixel_values') });
    expect(relativeError(got['class_tokens'].data, golden.get('class_tokens').data)).toBeLessThan(1e-4);
    expect(relativeError(got['image_embeds'].data, golden.get('image_embeds').data)).toBeLessThan(1e-4);
    expect(relativeError(got['logits'].data, golden.get('logits_per_image').data)).toBeLessThan(1e-4);
  });

  test('text embeddings', async () => {
    const ids = golden.get('input_ids');
    const input = { shape: ids.shape, data: BigInt64Array.from(ids.data, BigInt) };
    const feeds = { input_ids: input, end_of_text: endOfTextMask(input, weights.architecture.text) };
    const got = await run(runtime, textGraph(weights, 5, 24), feeds);
    expect(relativeError(got['text_embeds'].data, golden.get('text_embeds').data)).toBeLessThan(1e-4);
  });

  test.each([
    ['rvpt', { alpha, margin: undefined }],
    ['margin', { alpha, margin }],
    ['vpt', { alpha: 0, margin: undefined }],
  ] as const)('loss and gradients of %s', async (name, objective) => {
    const got = await run(runtime, stepGraph(objective), await stepFeeds(golden.get('prompts')));
    for (const key of ['loss', 'ce', 'fr']) {
      const expected = golden.scalar(`${name}.${key}`);
      expect(Math.abs(got[key].data[0] - expected) / Math.abs(expected), key).toBeLessThan(1e-4);
    }
    for (const d of [1, 2]) {
      const expected = slab(golden.get(`${name}.grads`), d - 1).data;
      const norm = Math.sqrt(expected.reduce((sum, element) => sum + element * element, 0));
      expect(relativeError(got[gradientName(d)].data, expected) * Math.max(norm, 1), gradientName(d)).toBeLessThan(
        1e-3 * norm,
      );
    }
    if (name === 'rvpt') expect(relativeError(got['logits'].data, golden.get('rvpt.logits').data)).toBeLessThan(1e-4);
  });

  test('five steps of SGD', async () => {
    const prompts = golden.get('prompts').data.slice();
    const at = (d: number): Float32Array => prompts.subarray((d - 1) * 768, d * 768);
    const sgd = new Sgd({ momentum: 0.9, weightDecay: 5e-4 });
    await using session = await runtime.compile(lowerToOnnx(stepGraph({ alpha, margin: undefined }), runtime.provider));
    const feeds = await stepFeeds(golden.get('prompts'));
    const losses: number[] = [];
    for (let step = 0; step < 5; step++) {
      const got = await session.run({ ...feeds, ...promptFeeds({ shape: [2, 6, 128], data: prompts }) });
      losses.push(got['loss'].data[0]);
      for (const d of [1, 2]) sgd.update(promptName(d), at(d), got[gradientName(d)].data, 0.05);
    }
    expect(relativeError(losses, golden.get('sgd5.losses').data)).toBeLessThan(1e-4);
    expect(relativeError(prompts, golden.get('sgd5.prompts').data)).toBeLessThan(1e-4);
  });

  test('the defended model with folded prompts', async () => {
    const learned = new Map([1, 2].map((d) => [d, slab(golden.get('prompts'), d - 1)]));
    const prompts = await foldPrompts(runtime, weights, learned);
    const textFeatures = unit(golden.get('text_embeds'));
    const outputs = imageGraph(weights, { batch, textFeatures, classTokens: true, prompts });
    const got = await run(runtime, outputs, { pixel_values: golden.get('pixel_values') });
    expect(relativeError(got['logits'].data, golden.get('rvpt.logits').data)).toBeLessThan(1e-4);
    expect(relativeError(got['class_tokens'].data, golden.get('rvpt.class_tokens').data)).toBeLessThan(1e-4);
  });

  test('perturbation resistivity by layer', async () => {
    const clean = golden.get('pixel_values');
    const delta = golden.get('pr.delta').data;
    const moved = { shape: clean.shape, data: clean.data.map((element, i) => element + delta[i]) };
    const outputs = imageGraph(weights, { batch, classTokens: true });
    const a = await run(runtime, outputs, { pixel_values: clean });
    const b = await run(runtime, outputs, { pixel_values: moved });
    const mean = new ResistivityMean(4, 128);
    mean.add(a['class_tokens'].data, b['class_tokens'].data);
    expect(relativeError(mean.values(), golden.get('pr.by_layer').data)).toBeLessThan(1e-4);
  });
});

test('the naive form meets the golden gradients to float64 accuracy', async () => {
  const step = { ...shape, alpha, margin, batch, classes: 5 };
  const feeds = referenceFeeds({
    pixel_values: golden.get('pixel_values'),
    text_features: unit(golden.get('text_embeds')),
    targets: oneHot([...golden.get('labels').data], 5),
    ...promptFeeds(golden.get('prompts')),
  });
  const got = await evaluateReference(naiveStep(weights, step), feeds);
  expect(got['loss'].data[0]).toBeCloseTo(golden.scalar('margin.loss'), 5);
  for (const d of [1, 2]) {
    expect(relativeError(got[`gradient.${d}`].data, slab(golden.get('margin.grads'), d - 1).data)).toBeLessThan(1e-5);
  }
});
