import { expect, test } from 'vitest';

import { erfReference } from '../../graph/ops/erf-reference.js';
import { OnnxRuntime } from '../../node/onnx-runtime.js';
import { lowerToOnnx } from '../../graph/onnx/lower.js';
import { evaluateReference, referenceFeeds } from '../../runtime/reference.js';
import { Random } from '../../tensor/random.js';
import { intTensor, tensor, type Tensor } from '../../tensor/tensor.js';
import { captionerStepGraph, initialCaptioner, nextWordGraph, type CaptionerShape } from './captioner-graph.js';
import { captionFeeds } from './captioner.js';

const shape: CaptionerShape = { embedDim: 3, vocabularySize: 6, tokens: 4, prefix: 2, width: 64, layers: 1 };
const { width, prefix, embedDim, vocabularySize, tokens } = shape;

/** Captions of 3 words and of 1, none the end: 4 and 2 places to score. */
const captions = [[2, 5, 1], [4]];
const features = tensor([2, 3], [0.6, 0, 0.8, -0.8, 0.6, 0]);

/** Every tensor random, biases and gains too, so that none is without effect. */
async function randomTensors(): Promise<Map<string, Tensor>> {
  const tensors = await initialCaptioner(shape, 0);
  for (const [name, { data }] of tensors) {
    const random = Random.stream(1, name);
    const gain = /norm.*weight$/.test(name) ? 1 : 0;
    data.forEach((_, i) => (data[i] = gain + 0.2 * random.normal()));
  }
  return tensors;
}

type Read = (name: string) => ArrayLike<number>;

/** y = W x + b, as PyTorch writes it: W [out, in]. */
function affine(read: Read, name: string, x: readonly number[]): number[] {
  const [weight, bias] = [read(`${name}.weight`), read(`${name}.bias`)];
  return Array.from(bias, (b, o) => x.reduce((sum, value, i) => sum + weight[o * x.length + i] * value, b));
}

function normed(read: Read, name: string, x: readonly number[]): number[] {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const [gain, shift] = [read(`${name}.weight`), read(`${name}.bias`)];
  return x.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * gain[i] + shift[i]);
}

const sum = (a: readonly number[], b: ArrayLike<number>): number[] => a.map((value, i) => value + b[i]);
const softmax = (scores: readonly number[]): number[] => {
  const exponentials = scores.map((score) => Math.exp(score));
  const total = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / total);
};

/** Log-probabilities of what comes after each word, and after none: one image, in plain loops; heads are 64 wide. */
function naiveDecoder(read: Read, image: readonly number[], words: readonly number[]): number[][] {
  const row = (name: string, i: number): number[] => Array.from({ length: width }, (_, k) => read(name)[i * width + k]);
  const mapped = affine(read, 'prefix', image);
  let states = [
    ...Array.from({ length: prefix }, (_, k) => mapped.slice(k * width, (k + 1) * width)),
    ...words.map((word) => row('text.token_embedding', word)),
  ].map((state, place) => sum(state, row('text.position_embedding', place)));
  for (let block = 0; block < shape.layers; block++) {
    const name = `text.blocks.${block}`;
    const inputs = states.map((state) => normed(read, `${name}.norm_1`, state));
    const [queries, keys, values] = ['query', 'key', 'value'].map((part) =>
      inputs.map((input) => affine(read, `${name}.attention.${part}`, input)),
    );
    const attended = states.map((state, i) => {
      const seen = keys.slice(0, i + 1); // what came before, and itself
      const shares = softmax(
        seen.map((key) => key.reduce((dot, k, at) => dot + k * queries[i][at], 0) / Math.sqrt(64)),
      );
      const mixed = state.map((_, at) => shares.reduce((total, share, j) => total + share * values[j][at], 0));
      return sum(state, affine(read, `${name}.attention.output`, mixed));
    });
    states = attended.map((state) => {
      const hidden = affine(read, `${name}.mlp.up`, normed(read, `${name}.norm_2`, state));
      const active = hidden.map((x) => (x * (1 + erfReference(x / Math.SQRT2))) / 2);
      return sum(state, affine(read, `${name}.mlp.down`, active));
    });
  }
  return states.slice(prefix - 1).map((state) => {
    const final = normed(read, 'text.final_norm', state);
    const scores = Array.from({ length: vocabularySize }, (_, word) =>
      row('text.token_embedding', word).reduce((dot, w, k) => dot + w * final[k], 0),
    );
    return softmax(scores).map((p) => Math.log(p));
  });
}

/** Mean over the 6 words and ends of both captions. */
function naiveLoss(read: Read): number {
  let total = 0;
  captions.forEach((words, i) => {
    const image = [...features.data.subarray(i * embedDim, (i + 1) * embedDim)];
    const said = naiveDecoder(read, image, words);
    [...words, 0].forEach((word, place) => (total -= said[place][word]));
  });
  return total / 6;
}

test('loss and gradients are those of the slow form', async () => {
  const tensors = await randomTensors();
  const feeds = referenceFeeds({ ...Object.fromEntries(tensors), features, ...captionFeeds(shape, captions) });
  const found = await evaluateReference(captionerStepGraph(shape, 2), feeds);
  const values = new Map([...tensors].map(([name, { data }]) => [name, Float64Array.from(data)]));
  const read: Read = (name) => values.get(name) ?? [];
  expect(found['loss'].data[0]).toBeCloseTo(naiveLoss(read), 6);

  for (const [name, data] of values) {
    const gradient = found[`gradient.${name}`].data;
    // where a mistake would show the most
    const at = gradient.reduce((best, value, i) => (Math.abs(value) > Math.abs(gradient[best]) ? i : best), 0);
    const before = data[at];
    const [above, below] = [1e-4, -1e-4].map((change) => {
      data[at] = before + change;
      return naiveLoss(read);
    });
    data[at] = before;
    expect(gradient[at], `${name}[${at}]`).toBeCloseTo((above - below) / 2e-4, 5);
  }
});

test('the next word hangs on the words so far, and not on what stands behind them', async () => {
  const tensors = await randomTensors();
  const runtime = new OnnxRuntime();
  await using session = await runtime.compile(lowerToOnnx(nextWordGraph(shape, tensors, 1), runtime.provider));
  const image = tensor([1, 3], [0.6, 0, 0.8]);
  const next = async (words: readonly number[], at: number): Promise<number[]> => {
    const place = tensor([1, 1, tokens]);
    place.data[at] = 1;
    const { logits } = await session.run({ features: image, input_ids: intTensor([1, tokens - 1], words), place });
    return [...logits.data];
  };
  const read: Read = (name) => tensors.get(name)?.data ?? [];
  for (const at of [0, 1, 2, 3]) {
    const words = [2, 5, 1];
    const slow = naiveDecoder(read, [0.6, 0, 0.8], words.slice(0, at))[at];
    const scores = await next(words, at);
    const level = slow[0] - scores[0]; // logits are log-probabilities but for a constant
    for (const [word, score] of scores.entries()) expect(score + level).toBeCloseTo(slow[word], 4);
    const other = words.map((word, i) => (i < at ? word : 4));
    expect(await next(other, at)).toEqual(scores);
    if (at > 0) expect(await next([3, ...words.slice(1)], at)).not.toEqual(scores);
  }
});
