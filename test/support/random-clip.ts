import fc from 'fast-check';

import type { Activation, ClipArchitecture } from '../../src/model/architecture.js';
import { randomWeights, type ClipWeights } from '../../src/model/weights.js';
import { Random } from '../../src/tensor/random.js';
import type { Shape } from '../../src/tensor/shape.js';
import { tensor, type Tensor } from '../../src/tensor/tensor.js';

/** Floats that a named stream fills: normal, with a deviation. */
export function normalTensor(seed: number, name: string, shape: Shape, deviation: number): Tensor {
  const random = Random.stream(seed, name);
  const out = tensor(shape);
  for (let i = 0; i < out.data.length; i++) out.data[i] = deviation * random.normal();
  return out;
}

/**
 * Random weights of which nothing is trivial: gains of layer norms away from 1, every bias away from 0. With the
 * initial ones a graph that forgot a gain or a bias would still be right.
 */
export function unevenWeights(architecture: ClipArchitecture, seed: number): ClipWeights {
  const base = randomWeights(architecture, seed);
  return {
    ...base,
    read: async (name) => {
      const values = await base.read(name);
      const random = Random.stream(seed, `uneven/${name}`);
      const isGain = /norm(_\d)?\.weight$/.test(name);
      if (!isGain && !name.endsWith('.bias')) return values;
      return values.map((value) => value + 0.3 * random.normal());
    },
  };
}

/**
 * Uneven weights of so few bits that folding them is exact in float32: multiples of 1/16, logits scaled by e^0. What
 * then differs between two forms of a model in float64 is the forms, not the rounding of folded weights.
 */
export function coarseWeights(architecture: ClipArchitecture, seed: number): ClipWeights {
  const base = unevenWeights(architecture, seed);
  return {
    ...base,
    read: async (name) =>
      name === 'logit_scale' ? Float32Array.of(0) : (await base.read(name)).map((value) => Math.round(16 * value) / 16),
  };
}

/** A small tuning problem: a model and what its prompts are tuned for. */
export interface SmallProblem {
  readonly architecture: ClipArchitecture;
  readonly depth: number;
  readonly blocks: number | undefined;
  readonly tokens: number;
  readonly alpha: number;
  readonly margin: number | undefined;
  readonly batch: number;
  readonly classes: number;
  readonly seed: number;
}

/** A power of two near the usual 1e-5, so that it is the same number in float32 and float64. */
const normEpsilon = 2 ** -16;

/**
 * Small problems of every kind: images that are not a multiple of the patch, a lone head, a lone block, prompts from
 * the first block or in the last alone, to the last block or not.
 * @param headWidths widths of a head to choose from
 */
export function smallProblems(
  activations: readonly Activation[],
  headWidths: readonly number[],
): fc.Arbitrary<SmallProblem> {
  return fc
    .record({
      heads: fc.integer({ min: 1, max: 4 }),
      headWidth: fc.constantFrom(...headWidths),
      layers: fc.integer({ min: 1, max: 5 }),
      depthFromEnd: fc.integer({ min: 1, max: 5 }),
      mostBlocks: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      mlpRatio: fc.constantFrom(1, 2, 4),
      activation: fc.constantFrom(...activations),
      patchSize: fc.integer({ min: 1, max: 4 }),
      side: fc.integer({ min: 1, max: 3 }),
      border: fc.integer({ min: 0, max: 3 }),
      embedDim: fc.integer({ min: 2, max: 9 }),
      tokens: fc.integer({ min: 1, max: 7 }),
      alpha: fc.constantFrom(0, 0.5, 2),
      margin: fc.option(fc.constantFrom(-1, 0.5, 0.8, 0.9, 1), { nil: undefined }),
      batch: fc.integer({ min: 1, max: 5 }),
      classes: fc.integer({ min: 2, max: 6 }),
      seed: fc.nat(),
    })
    .map(
      ({
        heads,
        headWidth,
        layers,
        depthFromEnd,
        mostBlocks,
        mlpRatio,
        activation,
        patchSize,
        side,
        border,
        ...rest
      }) => {
        const width = heads * headWidth;
        const tower = { width, layers, heads, mlpWidth: mlpRatio * width, activation, normEpsilon };
        const { embedDim, ...problem } = rest;
        return {
          ...problem,
          depth: Math.max(0, layers - depthFromEnd),
          blocks: mostBlocks === undefined ? undefined : Math.min(mostBlocks, depthFromEnd, layers),
          architecture: {
            vision: { ...tower, imageSize: side * patchSize + Math.min(border, patchSize - 1), patchSize },
            // no test of this kind reads the text tower
            text: { ...tower, contextLength: 4, vocabularySize: 5, endOfText: { kind: 'argmax' } },
            embedDim,
          },
        };
      },
    );
}
