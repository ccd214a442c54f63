import { sameShape, type Shape } from '../../tensor/shape.js';
import { applyOne } from '../op.js';
import type { Value } from '../value.js';
import { reductionOp } from './reduction.js';
import { reshape } from './reshape.js';

// y = Σ x: dx = dy, repeated.
export const reduceSumOp = reductionOp({
  name: 'ReduceSum',
  factor: () => 1,
  gradient: ({ ops, inputs: [x], gradient }) => ops.expand(gradient, x.shape),
});

/** Sum over `axes`, which keep length 1. */
export function reduceSum(x: Value, axes: readonly number[]): Value {
  return axes.length === 0 ? x : applyOne(reduceSumOp.bind({ axes }), x);
}

/** Sums over the axes along which `shape` would be broadcast to x's: the gradient of broadcasting. */
export function sumTo(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((length, axis) =>
    axis < lead || (shape[axis - lead] === 1 && length !== 1) ? [axis] : [],
  );
  return reshape(reduceSum(x, axes), shape);
}
