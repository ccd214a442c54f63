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
  const nodes = reachableNodes(wanted);
  const known = new Map<Value, ReferenceTensor>();
  const valueOf = (value: Value): ReferenceTensor => {
    const found = known.get(value);
    if (found === undefined) throw new Error(`reference: value %${value.id} was not computed`);
    return found;
  };
  for (const leaf of reachableLeaves(nodes, wanted)) {
    if (leaf.origin.kind === 'input') {
      if (!(leaf.origin.name in feeds)) throw new Error(`reference: input ${leaf.origin.name} is not fed`);
      known.set(leaf, feeds[leaf.origin.name]);
    } else if (leaf.origin.kind === 'constant') {
      const { data } = leaf.origin;
      const elements = typeof data === 'function' ? await data() : data;
      known.set(leaf, { shape: leaf.shape, data: Float64Array.from(elements) });
    }
  }
  for (const { op, inputs, outputs: results } of nodes) {
    op.evaluate(inputs.map(valueOf)).forEach((tensor, i) => known.set(results[i], tensor));
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, valueOf(value)]));
}
