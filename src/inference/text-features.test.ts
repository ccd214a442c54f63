import { expect, test } from 'vitest';

import { lowerToOnnx } from '../graph/onnx/lower.js';
import { textGraph } from '../model/clip-graphs.js';
import { endOfTextMask } from '../model/end-of-text.js';
import { byteTokenizer } from '../model/tokenizer.js';
import { randomWeights } from '../model/weights.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import { classTextFeatures } from './text-features.js';

const text = {
  width: 16,
  layers: 2,
  heads: 2,
  mlpWidth: 32,
  activation: 'quick_gelu',
  normEpsilon: 1e-5,
  contextLength: 20,
  vocabularySize: 300,
  endOfText: { kind: 'argmax' },
} as const;
const vision = { width: 16, layers: 1, heads: 1, mlpWidth: 16, activation: 'gelu', normEpsilon: 1e-5 } as const;
const weights = randomWeights({ vision: { ...vision, imageSize: 8, patchSize: 4 }, text, embedDim: 6 }, 1);
const tokenizer = byteTokenizer(text);
const runtime = new OnnxRuntime({ threads: 1 });

/** The embedding of one text through the whole context, scaled to length 1. */
async function plainFeature(words: string): Promise<number[]> {
  const ids = tokenizer.encode([words]);
  await using session = await runtime.compile(lowerToOnnx(textGraph(weights, 1, text.contextLength), 'cpu'));
  const out = await session.run({ input_ids: ids, end_of_text: endOfTextMask(ids, text) });
  return unit([...out['text_embeds'].data]);
}

function unit(row: readonly number[]): number[] {
  const length = Math.hypot(...row);
  return row.map((element) => element / length);
}

test('features of cut texts, in more than one chunk, are those of whole contexts', async () => {
  const prompts = Array.from({ length: 35 }, (_, i) => ['x'.repeat(i % 17)]);
  const features = await classTextFeatures(runtime, weights, tokenizer, prompts);
  expect(features.shape).toEqual([35, 6]);
  for (const i of [0, 5, 16, 31, 32, 34]) {
    const expected = await plainFeature(prompts[i][0]);
    const got = features.data.subarray(i * 6, (i + 1) * 6);
    expected.forEach((element, k) => {
      expect(got[k]).toBeCloseTo(element, 5);
    });
  }
});

test('an ensemble is the mean of unit features, scaled to length 1', async () => {
  const features = await classTextFeatures(runtime, weights, tokenizer, [
    ['cat', 'one cat'],
    ['dog', 'one dog'],
  ]);
  const [a, b] = [await plainFeature('dog'), await plainFeature('one dog')];
  const expected = unit(a.map((element, i) => (element + b[i]) / 2));
  expected.forEach((element, i) => {
    expect(features.data[6 + i]).toBeCloseTo(element, 5);
  });
});
