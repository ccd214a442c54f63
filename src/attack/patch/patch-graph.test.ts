import { describe, expect, it } from 'vitest';

import { clipPreprocess } from '../../data/preprocess.js';
import { Graph, type Value } from '../../graph/value.js';
import type { ReferenceTensor } from '../../graph/op.js';
import { evaluateReference } from '../../runtime/reference.js';
import { unevenWeights } from '../../../test/support/random-clip.js';
import { relativeError, withElement } from '../../../test/support/draw.js';
import { Random } from '../../tensor/random.js';
import { patchGraph } from './patch-graph.js';
import { patchMethods, patchObjectives, tripletLoss } from './patch-objectives.js';
import { patchSchema } from './patch-settings.js';

const tower = { width: 8, layers: 2, heads: 2, mlpWidth: 12, activation: 'quick_gelu', normEpsilon: 1e-5 } as const;
const weights = unevenWeights(
  {
    vision: { ...tower, imageSize: 8, patchSize: 4 },
    text: { ...tower, contextLength: 4, vocabularySize: 5, endOfText: { kind: 'argmax' } },
    embedDim: 6,
  },
  3,
);
const preprocess = clipPreprocess(8);
// across all four patches of the model, and not in the middle
const box = { left: 2, top: 3, side: 3 };
const batch = 3;

const random = Random.stream(5, 'patch graph');
const drawn = (shape: readonly number[], draw: () => number): ReferenceTensor => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, draw),
});
function unitRows(rows: number): ReferenceTensor {
  const { shape, data } = drawn([rows, 6], () => random.normal());
  const lengths = Array.from({ length: rows }, (_, i) => Math.hypot(...data.subarray(6 * i, 6 * i + 6)));
  return { shape, data: data.map((value, i) => value / lengths[Math.floor(i / 6)]) };
}
const inside = (i: number): boolean => {
  const [y, x] = [Math.floor(i / 8) % 8, i % 8];
  return x >= 2 && x < 5 && y >= 3 && y < 6;
};
const pixels = drawn([batch, 3, 8, 8], () => random.uniform());
pixels.data.forEach((_, i) => inside(i) && (pixels.data[i] = 0));
const feeds = {
  patch: drawn([3, 3, 3], () => random.uniform()),
  pixels,
  captions: unitRows(batch),
  positives: unitRows(batch),
  negatives: unitRows(batch),
};

describe.each(patchMethods)('the step of %s', (method) => {
  const settings = patchSchema.parse({ tripletWeight: 2, margin: 0.5 });
  const outputs = patchGraph(weights, preprocess, patchObjectives[method], settings, box, batch);

  it('has the gradient by the pixels that finite differences give', async () => {
    const { gradient } = await evaluateReference(outputs, feeds);
    const lossAt = async (element: number, change: number): Promise<number> => {
      const patch = withElement(feeds.patch, element, change);
      return (await evaluateReference({ loss: outputs['loss'] }, { ...feeds, patch }))['loss'].data[0];
    };
    const numeric: number[] = [];
    for (let i = 0; i < feeds.patch.data.length; i++) {
      numeric.push(((await lossAt(i, 1e-5)) - (await lossAt(i, -1e-5))) / 2e-5);
    }
    // a gradient of next to nothing would agree with anything
    expect(Math.hypot(...numeric)).toBeGreaterThan(0.01);
    expect(gradient.shape).toEqual([3, 3, 3]);
    expect(relativeError(gradient.data, numeric)).toBeLessThan(1e-7);
  });

  it('sees the images with the patch pasted, its terms adding up to the loss', async () => {
    const { loss, gradient, ...terms } = await evaluateReference(outputs, feeds);
    expect(gradient.data.every(Number.isFinite)).toBe(true);
    const sum = Object.values(terms).reduce((total, { data }) => total + data[0], 0);
    expect(loss.data[0]).toBeCloseTo(sum, 10);

    // pasted on the host, under a patch of zeros that adds nothing
    const pasted = pixels.data.map((value, i) => {
      if (!inside(i)) return value;
      const [channel, y, x] = [Math.floor(i / 64) % 3, (Math.floor(i / 8) % 8) - 3, (i % 8) - 2];
      return feeds.patch.data[(channel * 3 + y) * 3 + x];
    });
    const patch = drawn([3, 3, 3], () => 0);
    const again = await evaluateReference(outputs, { ...feeds, patch, pixels: { ...pixels, data: pasted } });
    expect(again['loss'].data[0]).toBeCloseTo(loss.data[0], 12);
  });
});

describe('the triplet loss', () => {
  const evaluate = async (anchors: number[], positives: number[], negatives: number[], margin: number) => {
    const graph = new Graph();
    const rows = (name: string, values: number[]): Value =>
      graph.constant(name, [values.length / 2, 2], Float32Array.from(values));
    const loss = tripletLoss(rows('a', anchors), rows('p', positives), rows('n', negatives), margin);
    return (await evaluateReference({ loss }, {}))['loss'].data[0];
  };

  it('is the mean of distance to positive minus distance to negative plus margin, cut at 0', async () => {
    // distances 5 and 1: 5 − 1 + 0.5; 1 and 5: −3.5, cut
    expect(await evaluate([0, 0, 0, 0], [3, 4, 0, 1], [1, 0, 4, 3], 0.5)).toBeCloseTo(4.5 / 2, 6);
  });

  it('is the margin where positive and negative are equally far, and finite at distance 0', async () => {
    expect(await evaluate([1, 0], [0, 1], [0, -1], 1)).toBeCloseTo(1, 6);
    expect(await evaluate([1, 0], [1, 0], [1, 0], 0.25)).toBeCloseTo(0.25, 6);
  });
});
