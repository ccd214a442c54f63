import { applyOne } from '../op.js';
import type { Value } from '../value.js';
import { binaryOp, noAttributes } from './elementwise.js';

// y = a / b: da = dy / b, db = -dy y / b.
export const divOp = binaryOp({
  name: 'Div',
  f: (x, y) => x / y,
  gradient: ({ ops, inputs: [a, b], outputs: [y], gradient: g, wanted }) => [
    wanted[0] ? ops.sumTo(ops.div(g, b), a.shape) : undefined,
    wanted[1] ? ops.sumTo(ops.scale(ops.div(ops.mul(g, y), b), -1), b.shape) : undefined,
  ],
  secondDomain: 'away-from-zero',
});

/** a / b, broadcast. */
export function div(a: Value, b: Value): Value {
  return applyOne(divOp.bind(noAttributes), a, b);
}
