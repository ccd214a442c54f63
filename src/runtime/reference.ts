import type { ReferenceTensor } from '../graph/op.js';
import { reachableLeaves, reachableNodes, type Value } from '../graph/value.js';
import type { Feeds } from './session.js';

export type ReferenceFeeds = Readonly<Record<string, ReferenceTensor>>;

/** Feeds of a session as the reference evaluator takes them. */
export function referenceFeeds(feeds: Feeds): ReferenceFeeds {
  const out: Record<string, ReferenceTensor> = {};
  for (const [name, { shape, data }] of Object.entries(feeds))
    out[name] = { shape, data: Float64Array.from(data, Number) };
  return out;
}

/**
 * Evaluates `outputs` in float64, op by op, as each op's file defines it. Slow, and the oracle for every session.
 * @throws Error when a feed is missing
 */
export async function evaluateReference(
  outputs: Readonly<Record<string, Value>>,
  feeds: ReferenceFeeds,
): Promise<Record<string, ReferenceTensor>> {
  const wanted = Object.values(outputs);
  const read = new Map<Value, Float32Array>();
  for (const leaf of reachableLeaves(reachableNodes(wanted), wanted)) {
    if (leaf.origin.kind === 'constant' && typeof leaf.origin.data === 'function') {
      read.set(leaf, await leaf.origin.data());
    }
  }
  return evaluateNow(outputs, feeds, read);
}

/**
 * As `evaluateReference`, without waiting: for small graphs in code that cannot.
 * @param read elements of the constants that are not at hand
 * @throws Error when a feed is missing, or a constant is neither at hand nor given
 */
export function evaluateNow(
  outputs: Readonly<Record<string, Value>>,
  feeds: ReferenceFeeds,
  read: ReadonlyMap<Value, Float32Array> = new Map(),
): Record<string, ReferenceTensor> {
  const wanted = Object.values(outputs);
  const nodes = reachableNodes(wanted);
  const known = new Map<Value, ReferenceTensor>();
  const valueOf = (value: Value): ReferenceTensor => {
    const found = known.get(value);
    if (found === undefined) throw new Error(`reference: value %${value.id} was not computed`);
    return found;
  };
  for (const leaf of reachableLeaves(nodes, wanted)) {
    const { origin, shape } = leaf;
    if (origin.kind === 'input') {
      if (!(origin.name in feeds)) throw new Error(`reference: input ${origin.name} is not fed`);
      known.set(leaf, feeds[origin.name]);
    } else if (origin.kind === 'constant') {
      const elements = typeof origin.data === 'function' ? read.get(leaf) : origin.data;
      if (elements === undefined) throw new Error(`reference: constant ${origin.name} is not at hand`);
      known.set(leaf, { shape, data: Float64Array.from(elements) });
    }
  }
  for (const { op, inputs, outputs: results } of nodes) {
    op.evaluate(inputs.map(valueOf)).forEach((tensor, i) => known.set(results[i], tensor));
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, valueOf(value)]));
}
