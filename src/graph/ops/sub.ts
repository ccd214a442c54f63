import { applyOne } from '../op.js';
import type { Value } from '../value.js';
import { binaryOp, noAttributes } from './elementwise.js';

// y = a - b: da = dy, db = -dy.
export const subOp = binaryOp({
  name: 'Sub',
  f: (x, y) => x - y,
  gradient: ({ ops, inputs: [a, b], gradient: g, wanted }) => [
    wanted[0] ? ops.sumTo(g, a.shape) : undefined,
    wanted[1] ? ops.sumTo(ops.scale(g, -1), b.shape) : undefined,
  ],
});

/** a − b, broadcast. */
export function sub(a: Value, b: Value): Value {
  return applyOne(subOp.bind(noAttributes), a, b);
}
