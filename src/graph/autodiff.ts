import * as ops from './ops/index.js';
import { reachableNodes, type Value } from './value.js';

/** The values that depend on one of `sources`. */
function dependents(outputs: readonly Value[], sources: readonly Value[]): Set<Value> {
  const depends = new Set(sources);
  for (const node of reachableNodes(outputs)) {
    if (node.inputs.some((input) => depends.has(input))) node.outputs.forEach((output) => depends.add(output));
  }
  return depends;
}

/**
 * Reverse-mode differentiation: adds to the graph what computes d loss / d source, for each of `sources`.
 *
 * Only what leads from the loss to a source is built: a branch of frozen weights costs nothing.
 * A source that the loss does not depend on gets zeros.
 *
 * @param loss a scalar, of shape []
 * @throws Error when the loss is no scalar, or its path to a source crosses an op without a gradient
 */
export function gradients(loss: Value, sources: readonly Value[]): Value[] {
  if (loss.shape.length !== 0) throw new Error(`gradients: expected a scalar loss, got [${loss.shape.join(', ')}]`);
  const depends = dependents([loss], sources);
  const byValue = new Map<Value, Value>([[loss, loss.graph.scalar(1)]]);

  for (const node of reachableNodes([loss]).reverse()) {
    const [output, ...byProducts] = node.outputs;
    if (byProducts.some((value) => byValue.has(value))) {
      throw new Error(`gradients: the loss depends on a by-product of ${node.op.name}, which has no gradient`);
    }
    const gradient = byValue.get(output);
    if (gradient === undefined || !depends.has(output)) continue;
    if (typeof node.op.gradient !== 'function') {
      throw new Error(`gradients: ${node.op.name} has none: ${node.op.gradient.none}`);
    }
    const wanted = node.inputs.map((input) => depends.has(input));
    const context = { ops, inputs: node.inputs, outputs: node.outputs, gradient, wanted };
    node.op.gradient(context).forEach((part, i) => {
      if (part === undefined || !wanted[i]) return;
      const input = node.inputs[i];
      const sum = byValue.get(input);
      byValue.set(input, sum === undefined ? part : ops.add(sum, part));
    });
  }
  return sources.map((source) => byValue.get(source) ?? ops.expand(source.graph.scalar(0), source.shape));
}
