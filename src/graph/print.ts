import { formatShape } from '../tensor/shape.js';
import type { Attributes } from './op.js';
import { reachableLeaves, reachableNodes, type Value } from './value.js';

function formatAttributes(attributes: Attributes): string {
  const parts = Object.entries(attributes)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([key, value]) => `${key}=${typeof value === 'object' ? formatShape(value) : String(value)}`);
  return parts.length === 0 ? '' : ` {${parts.join(', ')}}`;
}

/**
 * The program that computes `outputs`, a value a line:
 * ```
 * %0 = input x: float32 [2, 3]
 * %2 = MatMul(%0, %1) {transB=true}: float32 [2, 4]
 * return %2
 * ```
 */
export function printGraph(outputs: readonly Value[]): string {
  const nodes = reachableNodes(outputs);
  const lines: { id: number; text: string }[] = [];
  for (const value of reachableLeaves(nodes, outputs)) {
    if (value.origin.kind === 'node') continue;
    const { kind, name } = value.origin;
    lines.push({ id: value.id, text: `%${value.id} = ${kind} ${name}: ${value.dtype} ${formatShape(value.shape)}` });
  }
  for (const { op, inputs, outputs: results } of nodes) {
    const left = results.map((value) => `%${value.id}`).join(', ');
    const types = results.map((value) => `${value.dtype} ${formatShape(value.shape)}`).join(', ');
    const call = `${op.name}(${inputs.map((value) => `%${value.id}`).join(', ')})`;
    lines.push({ id: results[0].id, text: `${left} = ${call}${formatAttributes(op.attributes)}: ${types}` });
  }
  lines.sort((a, b) => a.id - b.id);
  return [...lines.map((line) => line.text), `return ${outputs.map((value) => `%${value.id}`).join(', ')}`].join('\n');
}
