import { sizeOf } from '../tensor/shape.js';
import { reachableLeaves, reachableNodes, type Value } from './value.js';

/** Ops whose output shares its input's memory. */
const views = new Set(['Reshape']);

function bytesOf(value: Value): number {
  return sizeOf(value.shape) * (value.dtype === 'int64' ? 8 : 4);
}

/** Bytes of the constants that `outputs` need. */
export function constantBytes(outputs: readonly Value[]): number {
  return reachableLeaves(reachableNodes(outputs), outputs)
    .filter((leaf) => leaf.origin.kind === 'constant')
    .reduce((sum, leaf) => sum + bytesOf(leaf), 0);
}

/**
 * Bytes of the values alive at once, at most, when the nodes run in the order they were made and each value is let go
 * after its last use. An estimate for plans: a runtime may order nodes otherwise, write in place, and keep an arena.
 */
export function peakActivationBytes(outputs: readonly Value[]): number {
  const nodes = reachableNodes(outputs);
  const storage = new Map<Value, Value>();
  const holder = (value: Value): Value => storage.get(value) ?? value;
  for (const { op, inputs, outputs: results } of nodes) {
    if (views.has(op.name)) storage.set(results[0], holder(inputs[0]));
  }
  const lastUse = new Map<Value, number>();
  nodes.forEach(({ inputs }, at) => {
    for (const input of inputs) lastUse.set(holder(input), at);
  });
  for (const output of outputs) lastUse.set(holder(output), nodes.length);

  let alive = 0;
  let peak = 0;
  nodes.forEach(({ op, inputs, outputs: results }, at) => {
    if (!views.has(op.name)) alive += results.reduce((sum, value) => sum + bytesOf(value), 0);
    peak = Math.max(peak, alive);
    for (const value of new Set([...inputs, ...results].map(holder))) {
      if (value.origin.kind === 'node' && (lastUse.get(value) ?? at) === at) alive -= bytesOf(value);
    }
  });
  return peak;
}
