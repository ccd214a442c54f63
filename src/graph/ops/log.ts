import { applyOne } from '../op.js';
import type { Value } from '../value.js';
import { noAttributes, unaryOp } from './elementwise.js';

// y = ln x: dx = dy / x.
export const logOp = unaryOp({
  name: 'Log',
  f: Math.log,
  gradient: ({ ops, inputs: [x], gradient: g }) => ops.div(g, x),
  domain: 'positive',
});

/** Natural logarithm; x > 0. */
export function log(x: Value): Value {
  return applyOne(logOp.bind(noAttributes), x);
}
