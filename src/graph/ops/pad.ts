import { sizeOf } from '../../tensor/shape.js';
import { applyOne, defineOp } from '../op.js';
import { ShapeError, type Value } from '../value.js';
import { expectFloats } from './elementwise.js';

// y = zeros, x, zeros along one axis: the gradient is the middle of dy.
export const padOp = defineOp<{ axis: number; before: number; after: number }>({
  name: 'Pad',
  infer(inputs, { axis, before, after }) {
    expectFloats('Pad', inputs, 1);
    const { shape } = inputs[0];
    if (axis >= shape.length || before < 0 || after < 0) {
      throw new ShapeError('Pad', `an axis ${axis} to put ${before} and ${after} zeros around`, inputs);
    }
    return [{ dtype: 'float32', shape: shape.map((length, i) => (i === axis ? before + length + after : length)) }];
  },
  gradient: ({ ops, inputs: [x], gradient }, { axis, before }) => [
    ops.slice(gradient, axis, before, before + x.shape[axis]),
  ],
  lower({ inputs, outputs, node, integers }, { axis, before, after }) {
    const at = (amount: number): number[] => inputs[0].shape.map((_, i) => (i === axis ? amount : 0));
    node('Pad', [inputs[0].name, integers([...at(before), ...at(after)])], { outputs: [outputs[0].name] });
  },
  evaluate([x], { axis, before, after }) {
    const inner = sizeOf(x.shape.slice(axis + 1));
    const length = x.shape[axis];
    const padded = before + length + after;
    const shape = x.shape.map((old, i) => (i === axis ? padded : old));
    const data = new Float64Array(sizeOf(shape));
    x.data.forEach((element, i) => {
      const row = Math.floor(i / (inner * length));
      const at = Math.floor(i / inner) % length;
      data[(row * padded + before + at) * inner + (i % inner)] = element;
    });
    return [{ shape, data }];
  },
  sample: (draw) => ({
    attributes: { axis: draw.integer(0, 2), before: draw.integer(0, 2), after: draw.integer(0, 2) },
    inputs: [{ shape: draw.shape(3) }],
  }),
});

/** x with `before` zeros in front and `after` behind along one axis. */
export function pad(x: Value, axis: number, before: number, after: number): Value {
  return before === 0 && after === 0 ? x : applyOne(padOp.bind({ axis, before, after }), x);
}
