import { test } from 'vitest';

import { judgedArchitecture, judgedPixels, judgeGraph, side, startWeights } from '../../test/support/objective.js';
import { cosine, mean, plainCrossEntropy, unit } from '../../test/support/plain-clip.js';
import { normalTensor } from '../../test/support/random-clip.js';
import type { ReferenceFeeds } from '../runtime/reference.js';
import { classifierGraph } from './classifier-graph.js';

const count = 4;
const classes = 3;
const { embedDim } = judgedArchitecture;
const labels = [2, 0, 1, 2];
const pixels = judgedPixels(count);
const feeds: ReferenceFeeds = {
  pixel_values: { shape: [count, 3, side, side], data: Float64Array.from(pixels.flatMap((image) => [...image])) },
  targets: {
    shape: [count, classes],
    data: Float64Array.from(labels.flatMap((label) => [0, 1, 2].map((c) => (c === label ? 1 : 0)))),
  },
};
const rowsOf = (data: ArrayLike<number>): number[][] =>
  [0, 1, 2].map((c) => Array.from(data).slice(c * embedDim, (c + 1) * embedDim));

test('zero-shot cross-entropy with L_FR: loss and gradients are those of the formulas', async () => {
  const texts = rowsOf(normalTensor(31, 'texts', [classes, embedDim], 1).data).map(unit);
  const features = { shape: [classes, embedDim], data: Float32Array.from(texts.flat()) };
  const graph = classifierGraph(startWeights, { kind: 'text', features }, { alpha: 1.5 }, count);
  await judgeGraph(graph, startWeights, feeds, ({ now, start }) => {
    const terms = pixels.map((image, i) => {
      const { classTokens, embedding } = now.image(image);
      const ce = plainCrossEntropy(
        texts.map((text) => start.scale * cosine(embedding, text)),
        labels[i],
      );
      const fr = mean(start.image(image).classTokens.map((before, d) => cosine(before, classTokens[d])));
      return ce + 1.5 * fr;
    });
    return mean(terms);
  });
});

test('cross-entropy of a linear head that trains: loss and gradients are those of the formula', async () => {
  const head = new Map([
    ['head.weight', Float64Array.from(normalTensor(32, 'weight', [classes, embedDim], 1).data)],
    ['head.bias', Float64Array.of(0.3, -0.2, 0.5)],
  ]);
  const graph = classifierGraph(startWeights, { kind: 'linear', classes }, { alpha: 0 }, count);
  const plainLoss = ({ now }: Parameters<Parameters<typeof judgeGraph>[3]>[0]): number => {
    const [weight, bias] = [rowsOf(now.tensor('head.weight')), now.tensor('head.bias')];
    const losses = pixels.map((image, i) => {
      const { embedding } = now.image(image);
      const logits = weight.map((row, c) => row.reduce((sum, w, e) => sum + w * embedding[e], bias[c]));
      return plainCrossEntropy(logits, labels[i]);
    });
    return mean(losses);
  };
  await judgeGraph(graph, startWeights, feeds, plainLoss, head);
});
