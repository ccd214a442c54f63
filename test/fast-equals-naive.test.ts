import fc from 'fast-check';
import { expect, test } from 'vitest';

import { relativeError } from './support/draw.js';
import { NaiveVision, naiveStep } from './support/naive-clip.js';
import { coarseWeights, normalTensor, smallProblems, unevenWeights, type SmallProblem } from './support/random-clip.js';
import {
  frozenFeaturesGraph,
  promptedBlocks,
  promptName,
  tuningStepGraph,
} from '../src/defense/prompt-tuning-graph.js';
import { lowerToOnnx } from '../src/graph/onnx/lower.js';
import type { ReferenceTensor } from '../src/graph/op.js';
import { Graph, type Value } from '../src/graph/value.js';
import { foldPrompts } from '../src/inference/fold-prompts.js';
import { imageGraph, stack, type GraphOutputs } from '../src/model/clip-graphs.js';
import type { ClipWeights } from '../src/model/weights.js';
import { OnnxRuntime } from '../src/node/onnx-runtime.js';
import { evaluateReference, referenceFeeds } from '../src/runtime/reference.js';
import { sizeOf } from '../src/tensor/shape.js';
import { tensor, type Tensor } from '../src/tensor/tensor.js';

/** Largest relative errors of losses and logits, and of gradients. */
interface Tolerance {
  readonly value: number;
  readonly gradient: number;
}

/** In float64, when folding is exact: only the order of sums differs. */
const exact: Tolerance = { value: 1e-12, gradient: 1e-12 };
/**
 * In float64, with any weights: a folded weight is rounded to float32, to 2^-24 = 6e-8 of it, and so are the logits, or
 * little worse. Where the softmax is saturated, what is left of a gradient has the absolute error of logits that are
 * scaled by 14.
 */
const rounded: Tolerance = { value: 1e-6, gradient: 1e-5 };
/** float32 from end to end. */
const single: Tolerance = { value: 1e-4, gradient: 1e-3 };

const seed = 20260102;
const runtime = new OnnxRuntime({ threads: 1 });

type Evaluate = (outputs: GraphOutputs, feeds: Record<string, Tensor>) => Promise<Record<string, ReferenceTensor>>;

const inFloat64: Evaluate = (outputs, feeds) => evaluateReference(outputs, referenceFeeds(feeds));

const inFloat32: Evaluate = async (outputs, feeds) => {
  await using session = await runtime.compile(lowerToOnnx(outputs, runtime.provider));
  return referenceFeeds(await session.run(feeds));
};

/** Feeds of a problem, all but what a graph computes. */
interface Given {
  readonly pixels: Tensor;
  readonly prompts: Record<string, Tensor>;
  readonly targets: Tensor;
  /** Unit rows. */
  readonly text: Tensor;
}

function given({ architecture, tokens, batch, classes, seed: from, ...shape }: SmallProblem): Given {
  const { imageSize, width, layers } = architecture.vision;
  const prompts: Record<string, Tensor> = {};
  for (const d of promptedBlocks(layers, shape)) {
    prompts[promptName(d)] = normalTensor(from, promptName(d), [tokens, width], 1);
  }
  const targets = tensor([batch, classes]);
  for (let row = 0; row < batch; row++) targets.data[row * classes + ((from + row) % classes)] = 1;
  const text = normalTensor(from, 'text', [classes, architecture.embedDim], 1);
  for (let row = 0; row < classes; row++) {
    const part = text.data.subarray(row * architecture.embedDim, (row + 1) * architecture.embedDim);
    const length = Math.hypot(...part);
    part.forEach((element, i) => (part[i] = element / length));
  }
  return { pixels: normalTensor(from, 'pixels', [batch, 3, imageSize, imageSize], 1), prompts, targets, text };
}

function naiveResult(weights: ClipWeights, problem: SmallProblem): Promise<Record<string, ReferenceTensor>> {
  const { pixels, prompts, targets, text } = given(problem);
  return inFloat64(naiveStep(weights, problem), { pixel_values: pixels, text_features: text, targets, ...prompts });
}

/** Float32 copies of float64 tensors, to be fed on. */
function asFeeds(tensors: Readonly<Record<string, ReferenceTensor>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [name, tensor(shape, Float32Array.from(data))]),
  );
}

async function fastResult(
  evaluate: Evaluate,
  weights: ClipWeights,
  problem: SmallProblem,
): Promise<Record<string, ReferenceTensor>> {
  const { depth, batch } = problem;
  const { pixels, prompts, targets, text } = given(problem);
  const frozen = frozenFeaturesGraph(weights, depth, batch);
  const step = tuningStepGraph(weights, problem, problem, text, batch);
  const sampleWeights = { shape: [batch], data: new Float64Array(batch).fill(1 / batch) };
  const features = await evaluate(frozen, { pixel_values: pixels });
  if (evaluate === inFloat64) {
    const feeds = { ...features, ...referenceFeeds({ targets, ...prompts }), weights: sampleWeights };
    return evaluateReference(step, feeds);
  }
  return evaluate(step, { ...asFeeds({ ...features, weights: sampleWeights }), targets, ...prompts });
}

/** The entries `rows` of one axis. */
function taken({ shape, data }: ReferenceTensor, axis: number, rows: readonly number[]): ReferenceTensor {
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  const out: number[] = [];
  for (let o = 0; o < outer; o++) {
    for (const row of rows)
      out.push(...data.subarray((o * shape[axis] + row) * inner, (o * shape[axis] + row + 1) * inner));
  }
  return { shape: shape.map((length, i) => (i === axis ? rows.length : length)), data: Float64Array.from(out) };
}

/** ‖a − b‖ / ‖b‖, no floor: a gradient may be a small number. */
function gradientError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const scaled = (x: ArrayLike<number>): number[] => Array.from(x, (element) => element / norm);
  const norm = Math.hypot(...Array.from(b));
  return norm === 0 ? relativeError(a, b) : relativeError(scaled(a), scaled(b));
}

function expectSame(
  got: Readonly<Record<string, ReferenceTensor>>,
  expected: Readonly<Record<string, ReferenceTensor>>,
  tolerance: Tolerance,
): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { shape, data }] of Object.entries(expected)) {
    expect(got[name].shape, name).toEqual(shape);
    const isGradient = name.startsWith('gradient');
    const error = (isGradient ? gradientError : relativeError)(got[name].data, data);
    expect(error, name).toBeLessThan(isGradient ? tolerance.gradient : tolerance.value);
  }
}

test('losses, logits and every gradient are the naive ones, exactly where folding is exact', async () => {
  // heads of width 4 and 16 are scaled by 1/2 and 1/4; the exact GELU folds no factor
  await fc.assert(
    fc.asyncProperty(smallProblems(['gelu'], [4, 16]), async (problem) => {
      const weights = coarseWeights(problem.architecture, problem.seed);
      const got = await fastResult(inFloat64, weights, problem);
      expectSame(got, await naiveResult(weights, problem), exact);
    }),
    { seed, numRuns: 15, endOnFailure: true },
  );
});

test('losses, logits and every gradient are the naive ones for any weights, in float64 and in float32', async () => {
  await fc.assert(
    fc.asyncProperty(smallProblems(['quick_gelu', 'gelu'], [3, 4, 6, 8]), async (problem) => {
      const weights = unevenWeights(problem.architecture, problem.seed);
      const naive = await naiveResult(weights, problem);
      expectSame(await fastResult(inFloat64, weights, problem), naive, rounded);
      expectSame(await fastResult(inFloat32, weights, problem), naive, single);
    }),
    { seed, numRuns: 25, endOnFailure: true },
  );
});

test('a batch in padded parts sums up to the whole batch', async () => {
  const someBatch = fc.record({ problem: smallProblems(['quick_gelu'], [4]), part: fc.integer({ min: 1, max: 4 }) });
  await fc.assert(
    fc.asyncProperty(someBatch, async ({ problem, part }) => {
      const { depth, batch, classes } = problem;
      const weights = unevenWeights(problem.architecture, problem.seed);
      const { pixels, prompts, targets, text } = given(problem);
      const whole = await fastResult(inFloat64, weights, problem);
      const { state, sigma } = await inFloat64(frozenFeaturesGraph(weights, depth, batch), { pixel_values: pixels });
      const step = tuningStepGraph(weights, problem, problem, text, part);
      const sums: Record<string, Float64Array> = {};
      for (let start = 0; start < batch; start += part) {
        // places past the end of the batch repeat its last image, with weight 0
        const places = Array.from({ length: part }, (_, i) => start + i);
        const rows = places.map((place) => Math.min(place, batch - 1));
        const got = await evaluateReference(step, {
          ...referenceFeeds(prompts),
          state: taken(state, 0, rows),
          sigma: taken(sigma, 1, rows),
          targets: taken(referenceFeeds({ targets })['targets'], 0, rows),
          weights: { shape: [part], data: Float64Array.from(places, (place) => (place < batch ? 1 / batch : 0)) },
        });
        expect(got['logits'].shape).toEqual([part, classes]);
        for (const [name, { data }] of Object.entries(got)) {
          const sum = (sums[name] ??= new Float64Array(data.length));
          data.forEach((element, i) => (sum[i] += element));
        }
      }
      for (const [name, { data }] of Object.entries(whole)) {
        if (name !== 'logits') expect(relativeError(sums[name], data), name).toBeLessThan(1e-12);
      }
    }),
    { seed, numRuns: 15, endOnFailure: true },
  );
});

test('the defended model with folded prompts has the class tokens and logits of the naive prompted one', async () => {
  await fc.assert(
    fc.asyncProperty(smallProblems(['quick_gelu', 'gelu'], [3, 4, 8]), async (problem) => {
      const { architecture, batch } = problem;
      const { layers, width, imageSize } = architecture.vision;
      const weights = unevenWeights(architecture, problem.seed);
      const { pixels, prompts, text } = given(problem);

      const graph = new Graph();
      const naive = new NaiveVision(graph, weights);
      const blockOf = (name: string): number => Number(name.split('.')[1]);
      const inputs = new Map<number, Value>();
      for (const [name, { shape }] of Object.entries(prompts)) inputs.set(blockOf(name), graph.input(name, shape));
      const tokens = naive.classTokens(graph.input('pixel_values', [batch, 3, imageSize, imageSize]), inputs);
      const embeds = naive.embedding(tokens[layers]);
      const logits = naive.logits(embeds, graph.constant('text', text.shape, text.data));
      const outputs = { class_tokens: stack(tokens, [batch, width]), image_embeds: embeds, logits };
      const expected = await inFloat64(outputs, { pixel_values: pixels, ...prompts });

      const learned = new Map([...inputs.keys()].map((d) => [d, prompts[promptName(d)]]));
      const folded = await foldPrompts(runtime, weights, learned);
      const defended = imageGraph(weights, { batch, prompts: folded, textFeatures: text, classTokens: true });
      expectSame(await inFloat32(defended, { pixel_values: pixels }), expected, single);
    }),
    { seed, numRuns: 15, endOnFailure: true },
  );
});
