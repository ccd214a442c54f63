import { sizeOf } from '../tensor/shape.js';
import { reachableNodes, type Value } from './value.js';

/**
 * Floating-point operations of the matrix products that compute `outputs`: 2 m n k each. Nothing else is counted, so
 * that the rate can be held against that of a bare MatMul.
 */
export function matMulFlop(outputs: readonly Value[]): number {
  let flop = 0;
  for (const {
    op,
    inputs,
    outputs: [product],
  } of reachableNodes(outputs)) {
    if (op.name !== 'MatMul') continue;
    const { shape } = inputs[0];
    const inner = shape[shape.length - (op.attributes['transA'] === true ? 2 : 1)];
    flop += 2 * sizeOf(product.shape) * inner;
  }
  return flop;
}
