import { expect } from 'vitest';

import { plainWeights, PlainClip, randomDirection, slopeAlong, type PlainWeights } from './plain-clip.js';
import { normalTensor, unevenWeights } from './random-clip.js';
import { tinyArchitecture } from './tiny-clip.js';
import type { GraphOutputs } from '../../src/model/clip-graphs.js';
import type { ClipWeights } from '../../src/model/weights.js';
import { evaluateReference, type ReferenceFeeds } from '../../src/runtime/reference.js';
import { contrastiveGraph, type PairObjective } from '../../src/training/contrastive-graph.js';
import { weightGradientName } from '../../src/training/step-outputs.js';

/** Three blocks of two heads see, two read: every layer has another beside it. */
export const judgedArchitecture = {
  ...tinyArchitecture,
  vision: { ...tinyArchitecture.vision, layers: 3, heads: 2 },
  text: { ...tinyArchitecture.text, layers: 2, heads: 2 },
};

/** What training began from, and where it is now: near it, but elsewhere. */
export const startWeights = unevenWeights(judgedArchitecture, 21);
export async function movedWeights(): Promise<Map<string, Float64Array>> {
  const moved = await plainWeights(startWeights);
  for (const [name, values] of moved) {
    const shift = normalTensor(22, name, [values.length], 0.1).data;
    for (let i = 0; i < values.length; i++) values[i] += shift[i];
  }
  return moved;
}

export const side = judgedArchitecture.vision.imageSize;
const pixelCount = 3 * side * side;

/** Random images, each [3, S, S]. */
export function judgedPixels(count: number): Float64Array[] {
  const all = normalTensor(23, 'pixels', [count, 3, side, side], 1).data;
  return Array.from({ length: count }, (_, i) => Float64Array.from(all.subarray(i * pixelCount, (i + 1) * pixelCount)));
}

export const judgedIds: readonly (readonly number[])[] = [
  [7, 1, 2, 8, 0],
  [7, 3, 8, 0, 0],
  [7, 4, 5, 6, 8],
  [7, 2, 2, 8, 0],
  [7, 6, 8, 0, 0],
  [7, 5, 1, 3, 8],
];

/** A batch as numbers: the models now and at the start, and what they see. */
export interface PlainBatch {
  readonly now: PlainClip;
  readonly start: PlainClip;
  readonly pixels: readonly Float64Array[];
  readonly ids: readonly (readonly number[])[];
}

/**
 * Holds an objective to what it should be: its loss in float64 to a plain form of it, its gradient by every tensor to
 * the plain form's change along a random direction.
 * @param count rows of the batch
 */
export async function judgePairObjective(
  objective: PairObjective,
  count: number,
  plainLoss: (batch: PlainBatch) => number,
): Promise<void> {
  const tokens = judgedIds[0].length;
  const [pixels, ids] = [judgedPixels(count), judgedIds.slice(0, count)];
  const feeds: ReferenceFeeds = {
    pixel_values: { shape: [count, 3, side, side], data: Float64Array.from(pixels.flatMap((image) => [...image])) },
    input_ids: { shape: [count, tokens], data: Float64Array.from(ids.flat()) },
    end_of_text: {
      shape: [count, 1, tokens],
      data: Float64Array.from(ids.flatMap((row) => row.map((id) => (id === 8 ? 1 : 0)))),
    },
  };
  const graph = contrastiveGraph(startWeights, { batch: count, tokens }, objective);
  await judgeGraph(graph, startWeights, feeds, ({ now, start }) => plainLoss({ now, start, pixels, ids }));
}

/** The same for a graph of its own. @param feeds what it reads beside weights */
export async function judgeGraph(
  graph: GraphOutputs,
  weights: ClipWeights,
  feeds: ReferenceFeeds,
  plainLoss: (models: { readonly now: PlainClip; readonly start: PlainClip }) => number,
  more: ReadonlyMap<string, Float64Array> = new Map(),
): Promise<void> {
  const moved = new Map([...(await movedWeights()), ...more]);
  const start = new PlainClip(judgedArchitecture, await plainWeights(weights));
  const lossAt = (at: PlainWeights): number => plainLoss({ now: new PlainClip(judgedArchitecture, at), start });

  const trained = [...moved.keys()].filter((name) => weightGradientName(name) in graph);
  const weightFeeds = trained.map((name) => {
    const { shape } = graph[weightGradientName(name)];
    return [name, { shape, data: moved.get(name) ?? new Float64Array() }] as const;
  });
  const got = await evaluateReference(graph, { ...feeds, ...Object.fromEntries(weightFeeds) });
  expect(got['loss'].data[0]).toBeCloseTo(lossAt(moved), 5);
  expect(trained.length).toBeGreaterThan(0);
  for (const name of trained) {
    const gradient = got[weightGradientName(name)].data;
    const direction = randomDirection(name, gradient.length);
    const along = gradient.reduce((sum, g, i) => sum + g * direction[i], 0);
    const expected = slopeAlong(moved, name, direction, lossAt);
    expect(Math.abs(along - expected), name).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected)));
  }
}
