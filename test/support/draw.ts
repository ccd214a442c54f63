import fc from 'fast-check';

import type { BoundOp, Draw, ReferenceTensor, SampleInput } from '../../src/graph/op.js';
import { Graph, type Value } from '../../src/graph/value.js';
import { Random } from '../../src/tensor/random.js';
import { sizeOf } from '../../src/tensor/shape.js';
import type { Feeds } from '../../src/runtime/session.js';

type Generator = fc.GeneratorValue;

/** An op's sample source that draws, and shrinks, through fast-check. */
export function drawFrom(generate: Generator): Draw {
  const integer = (min: number, max: number): number => generate(() => fc.integer({ min, max }));
  return {
    integer,
    pick: (items) => items[integer(0, items.length - 1)],
    shape: (rank) => Array.from({ length: rank }, () => integer(1, 4)),
    broadcastableTo(shape) {
      const lead = integer(0, shape.length);
      return shape.slice(lead).map((length) => (integer(0, 2) === 0 ? 1 : length));
    },
  };
}

function element(random: Random, { domain }: SampleInput): number {
  if (typeof domain === 'object') return random.below(domain.indicesBelow);
  const magnitude = 0.2 + 2.8 * random.uniform();
  if (domain === 'positive') return magnitude;
  if (domain === 'away-from-zero') return random.below(2) === 0 ? magnitude : -magnitude;
  return 6 * random.uniform() - 3;
}

export interface DrawnCase {
  readonly op: BoundOp;
  readonly inputs: Value[];
  readonly outputs: Value[];
  readonly feeds: Feeds;
}

/** One application of an op to drawn inputs x0, x1, … in a graph of its own. */
export function drawCase(generate: Generator, sample: { op: BoundOp; inputs: readonly SampleInput[] }): DrawnCase {
  const graph = new Graph();
  const feeds: Record<string, Feeds[string]> = {};
  // one drawn number seeds all elements: fast-check shrinks shapes and attributes, which is where bugs hide
  const random = Random.stream(
    generate(() => fc.nat()),
    'elements',
  );
  const inputs = sample.inputs.map((input, i) => {
    const elements = Array.from({ length: sizeOf(input.shape) }, () => element(random, input));
    const isIndex = typeof input.domain === 'object';
    feeds[`x${i}`] = isIndex
      ? { shape: input.shape, data: BigInt64Array.from(elements, BigInt) }
      : { shape: input.shape, data: Float32Array.from(elements) };
    return graph.input(`x${i}`, input.shape, isIndex ? 'int64' : 'float32');
  });
  return { op: sample.op, inputs, outputs: graph.apply(sample.op, inputs), feeds };
}

/** ‖a − b‖ / max(‖b‖, 1): relative for large tensors, absolute for tiny ones. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < a.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(norm), 1);
}

export function withElement(x: ReferenceTensor, at: number, change: number): ReferenceTensor {
  const data = x.data.slice();
  data[at] += change;
  return { shape: x.shape, data };
}
