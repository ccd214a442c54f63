import { expect, test } from 'vitest';

import { Graph } from '../src/graph/value.js';
import { foldPrompts, type VisualPrompts } from '../src/inference/fold-prompts.js';
import { ImageEncoder } from '../src/inference/image-encoder.js';
import { imageGraph } from '../src/model/clip-graphs.js';
import { OnnxRuntime } from '../src/node/onnx-runtime.js';
import { evaluateReference, referenceFeeds } from '../src/runtime/reference.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { NaiveVision } from './support/naive-clip.js';
import { normalTensor, unevenWeights } from './support/random-clip.js';

// images that are not a multiple of the patch, heads of unequal minds, prompts from the second block on
const tower = {
  ...{ width: 12, layers: 3, heads: 3, mlpWidth: 24, normEpsilon: 2 ** -16 },
  activation: 'quick_gelu',
} as const;
const vision = { ...tower, imageSize: 14, patchSize: 4 };
const text = { ...tower, contextLength: 4, vocabularySize: 5, endOfText: { kind: 'argmax' } } as const;
const weights = unevenWeights({ vision, text, embedDim: 5 }, 3);
const [batch, patches, tokens] = [2, 9, 4];
const pixels = normalTensor(3, 'pixels', [batch, 3, 14, 14], 1);
const prompts: VisualPrompts = new Map([1, 2].map((d) => [d, normalTensor(3, `prompts/${d}`, [tokens, 12], 1)]));
const runtime = new OnnxRuntime({ threads: 1 });

/** What every head of the class token gives each token of the last block, summed up by hand: [B][T]. */
async function naive(prompted: VisualPrompts): Promise<number[][]> {
  const graph = new Graph();
  const model = new NaiveVision(graph, weights);
  const learned = new Map([...prompted].map(([d, { shape }]) => [d, graph.input(`prompts.${d}`, shape)]));
  const states = model.states(graph.input('pixel_values', pixels.shape), learned);
  const fed = [...prompted].map(([d, prompt]): [string, Tensor] => [`prompts.${d}`, prompt]);
  const feeds = referenceFeeds({ pixel_values: pixels, ...Object.fromEntries(fed) });
  const { all } = await evaluateReference({ all: model.attention(states[vision.layers - 1], 2) }, feeds);
  const [, heads, count] = all.shape;
  return Array.from({ length: batch }, (_, image) =>
    Array.from({ length: count }, (_unused, token) => {
      let sum = 0;
      for (let head = 0; head < heads; head++) sum += all.data[(image * heads + head) * count * count + token];
      return sum / heads;
    }),
  );
}

const unprompted: VisualPrompts = new Map();

test.each([
  ['the frozen model', unprompted],
  ['the prompted model', prompts],
])('attention to patches of %s is the naive one', async (_, prompted) => {
  const expected = await naive(prompted);
  const ofPatches = expected.flatMap((row) => row.slice(-patches));
  const options = { batch, attention: true, prompts: await foldPrompts(runtime, weights, prompted) };

  const reference = await evaluateReference(imageGraph(weights, options), referenceFeeds({ pixel_values: pixels }));
  expect(reference['attention'].shape).toEqual([batch, patches]);
  const inFloat64 = [...reference['attention'].data];
  ofPatches.forEach((value, i) => {
    expect(Math.abs(inFloat64[i] - value)).toBeLessThan(1e-6);
  });

  await using encoder = await ImageEncoder.create(runtime, weights, { ...options, batch: 3 });
  const { attention } = await encoder.encode(pixels);
  expect(attention?.shape).toEqual([batch, patches]);
  ofPatches.forEach((value, i) => {
    expect(Math.abs((attention?.data[i] ?? NaN) - value)).toBeLessThan(1e-5);
  });
  // no even spread, which any mistake would find as well; and the rest is the class token's own and the prompts'
  expect(Math.max(...ofPatches) / Math.min(...ofPatches)).toBeGreaterThan(2);
  for (const row of expected) expect(row.reduce((sum, value) => sum + value)).toBeCloseTo(1, 9);
});

test('without being asked for there is no attention, nor work for it', () => {
  expect(Object.keys(imageGraph(weights, { batch }))).toEqual(['image_embeds']);
});
