import { applyOne } from '../op.js';
import type { Value } from '../value.js';
import { noAttributes, unaryOp } from './elementwise.js';

// y = √x: dx = dy / (2 y).
export const sqrtOp = unaryOp({
  name: 'Sqrt',
  f: Math.sqrt,
  gradient: ({ ops, outputs: [y], gradient: g }) => ops.div(ops.scale(g, 0.5), y),
  domain: 'positive',
});

/** Square root; x > 0. */
export function sqrt(x: Value): Value {
  return applyOne(sqrtOp.bind(noAttributes), x);
}
