import { applyOne } from '../op.js';
import type { Value } from '../value.js';
import { noAttributes, unaryOp } from './elementwise.js';

// y = e^x: dx = dy y.
export const expOp = unaryOp({
  name: 'Exp',
  f: Math.exp,
  gradient: ({ ops, outputs: [y], gradient: g }) => ops.mul(g, y),
});

/** e^x. */
export function exp(x: Value): Value {
  return applyOne(expOp.bind(noAttributes), x);
}
