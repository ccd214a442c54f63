import { applyOne } from '../op.js';
import type { Value } from '../value.js';
import { noAttributes, unaryOp } from './elementwise.js';

// y = σ(x): dx = dy (y - y²).
export const sigmoidOp = unaryOp({
  name: 'Sigmoid',
  f: (x) => 1 / (1 + Math.exp(-x)),
  gradient: ({ ops, outputs: [y], gradient: g }) => ops.mul(g, ops.sub(y, ops.mul(y, y))),
});

/** 1 / (1 + e^−x). */
export function sigmoid(x: Value): Value {
  return applyOne(sigmoidOp.bind(noAttributes), x);
}
