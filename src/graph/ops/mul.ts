import { applyOne } from '../op.js';
import type { Value } from '../value.js';
import { binaryOp, noAttributes } from './elementwise.js';

// y = a b: da = dy b, db = dy a.
export const mulOp = binaryOp({
  name: 'Mul',
  f: (x, y) => x * y,
  gradient: ({ ops, inputs: [a, b], gradient: g, wanted }) => [
    wanted[0] ? ops.sumTo(ops.mul(g, b), a.shape) : undefined,
    wanted[1] ? ops.sumTo(ops.mul(g, a), b.shape) : undefined,
  ],
});

/** a · b elementwise, broadcast. */
export function mul(a: Value, b: Value): Value {
  return applyOne(mulOp.bind(noAttributes), a, b);
}
