import { applyOne } from '../op.js';
import type { Value } from '../value.js';
import { erfReference } from './erf-reference.js';
import { noAttributes, unaryOp } from './elementwise.js';

// y = erf x: dx = dy 2/√π e^(-x²).
export const erfOp = unaryOp({
  name: 'Erf',
  f: erfReference,
  gradient: ({ ops, inputs: [x], gradient: g }) =>
    ops.mul(g, ops.scale(ops.exp(ops.scale(ops.mul(x, x), -1)), 2 / Math.sqrt(Math.PI))),
});

/** The error function. */
export function erf(x: Value): Value {
  return applyOne(erfOp.bind(noAttributes), x);
}
