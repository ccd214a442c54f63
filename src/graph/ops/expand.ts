import { broadcastShapes, sameShape, type Shape } from '../../tensor/shape.js';
import { applyOne, defineOp } from '../op.js';
import { ShapeError, type Value } from '../value.js';
import { broadcastIndices, expectFloats } from './elementwise.js';

// y = x repeated: the gradient is summed over the repetitions.
export const expandOp = defineOp<{ shape: Shape }>({
  name: 'Expand',
  infer(inputs, { shape }) {
    expectFloats('Expand', inputs, 1);
    const joint = broadcastShapes(inputs[0].shape, shape);
    if (joint === undefined || !sameShape(joint, shape)) {
      throw new ShapeError('Expand', `a shape that broadcasts to [${shape.join(', ')}]`, inputs);
    }
    return [{ dtype: 'float32', shape }];
  },
  gradient: ({ ops, inputs: [x], gradient }) => [ops.sumTo(gradient, x.shape)],
  lower({ inputs, outputs, node, integers }, { shape }) {
    node('Expand', [inputs[0].name, integers(shape)], { outputs: [outputs[0].name] });
  },
  evaluate: ([x], { shape }) => [
    { shape, data: Float64Array.from(broadcastIndices(x.shape, shape), (at) => x.data[at]) },
  ],
  sample(draw) {
    const shape = draw.shape(3);
    return { attributes: { shape }, inputs: [{ shape: draw.broadcastableTo(shape) }] };
  },
});

/** x broadcast to `shape`. */
export function expand(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : applyOne(expandOp.bind({ shape }), x);
}
