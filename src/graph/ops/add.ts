import { applyOne } from '../op.js';
import type { Value } from '../value.js';
import { binaryOp, noAttributes } from './elementwise.js';

// y = a + b: da = dy, db = dy, each summed over the axes along which it was broadcast.
export const addOp = binaryOp({
  name: 'Add',
  f: (x, y) => x + y,
  gradient: ({ ops, inputs: [a, b], gradient: g }) => [ops.sumTo(g, a.shape), ops.sumTo(g, b.shape)],
});

/** a + b, broadcast. */
export function add(a: Value, b: Value): Value {
  return applyOne(addOp.bind(noAttributes), a, b);
}
