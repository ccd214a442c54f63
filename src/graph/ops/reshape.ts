import { sizeOf, type Shape } from '../../tensor/shape.js';
import { applyOne, defineOp } from '../op.js';
import { ShapeError, type Value } from '../value.js';

// A reshape moves nothing, so the gradient is the same elements in the input's shape.
export const reshapeOp = defineOp<{ shape: Shape }>({
  name: 'Reshape',
  infer(inputs, { shape }) {
    if (inputs.length !== 1 || sizeOf(inputs[0].shape) !== sizeOf(shape)) {
      throw new ShapeError('Reshape', `${sizeOf(shape)} elements for [${shape.join(', ')}]`, inputs);
    }
    return [{ dtype: inputs[0].dtype, shape }];
  },
  gradient: ({ ops, inputs: [x], gradient }) => [ops.reshape(gradient, x.shape)],
  lower({ inputs, outputs, node, integers, isFree }, { shape }) {
    // a free axis is 0, "as in the input", where it stays in its place, or −1, "what is left", which one axis can be
    const lengths = shape.map((length, axis) => {
      if (!isFree(length)) return length;
      return inputs[0].shape[axis] === length ? 0 : -1;
    });
    if (lengths.filter((length) => length === -1).length > 1) {
      throw new ShapeError('Reshape', `at most one free axis that moves, for [${shape.join(', ')}]`, inputs);
    }
    node('Reshape', [inputs[0].name, integers(lengths)], { outputs: [outputs[0].name] });
  },
  evaluate: ([x], { shape }) => [{ shape, data: x.data }],
  sample(draw) {
    const [a, b, c] = draw.shape(3);
    return {
      attributes: { shape: draw.pick([[a * b * c], [c, a * b], [a * b, 1, c]]) },
      inputs: [{ shape: [a, b, c] }],
    };
  },
});

/** The same elements in another shape; one axis may be −1, its length then follows from the others. */
export function reshape(x: Value, shape: Shape): Value {
  const known = shape.reduce((product, length) => (length === -1 ? product : product * length), 1);
  const full = shape.map((length) => (length === -1 ? sizeOf(x.shape) / known : length));
  return full.join() === x.shape.join() ? x : applyOne(reshapeOp.bind({ shape: full }), x);
}
