import { applyOne } from '../op.js';
import type { Value } from '../value.js';
import { reductionOp } from './reduction.js';

// y = Σ x / n: dx = dy / n, repeated.
export const reduceMeanOp = reductionOp({
  name: 'ReduceMean',
  factor: (count) => 1 / count,
  gradient: ({ ops, inputs: [x], gradient }, count) => ops.expand(ops.scale(gradient, 1 / count), x.shape),
});

/** Mean over `axes`, which keep length 1. */
export function reduceMean(x: Value, axes: readonly number[]): Value {
  return axes.length === 0 ? x : applyOne(reduceMeanOp.bind({ axes }), x);
}
