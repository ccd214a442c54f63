import { sizeOf, stridesOf } from '../../tensor/shape.js';
import { applyOne, defineOp } from '../op.js';
import { ShapeError, type Value } from '../value.js';

// y = x with axes reordered: the gradient goes back through the inverse order.
export const transposeOp = defineOp<{ order: readonly number[] }>({
  name: 'Transpose',
  infer(inputs, { order }) {
    const { dtype, shape } = inputs[0];
    const sorted = [...order].sort((a, b) => a - b);
    if (order.length !== shape.length || sorted.some((axis, i) => axis !== i)) {
      throw new ShapeError('Transpose', `${order.length} axes to order as ${order.join(', ')}`, inputs);
    }
    return [{ dtype, shape: order.map((axis) => shape[axis]) }];
  },
  gradient({ ops, gradient }, { order }) {
    const inverse = order.map((_, axis) => order.indexOf(axis));
    return [ops.transpose(gradient, inverse)];
  },
  lower({ inputs, outputs, node }, { order }) {
    node('Transpose', [inputs[0].name], { outputs: [outputs[0].name], attributes: { perm: { ints: order } } });
  },
  evaluate([x], { order }) {
    const shape = order.map((axis) => x.shape[axis]);
    const from = stridesOf(x.shape);
    const to = stridesOf(shape);
    const data = new Float64Array(sizeOf(shape));
    for (let i = 0; i < data.length; i++) {
      data[i] = x.data[order.reduce((at, axis, k) => at + (Math.floor(i / to[k]) % shape[k]) * from[axis], 0)];
    }
    return [{ shape, data }];
  },
  sample: (draw) => ({
    attributes: {
      order: draw.pick([
        [0, 1, 2],
        [2, 0, 1],
        [1, 0, 2],
        [2, 1, 0],
      ]),
    },
    inputs: [{ shape: draw.shape(3) }],
  }),
});

/** Axis i of the result is axis `order[i]` of x. */
export function transpose(x: Value, order: readonly number[]): Value {
  return applyOne(transposeOp.bind({ order }), x);
}
