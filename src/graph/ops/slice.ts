import { sizeOf } from '../../tensor/shape.js';
import { applyOne, defineOp } from '../op.js';
import { ShapeError, type Value } from '../value.js';

// y = x[…, start:end, …]: the gradient is dy between zeros.
export const sliceOp = defineOp<{ axis: number; start: number; end: number }>({
  name: 'Slice',
  infer(inputs, { axis, start, end }) {
    const { dtype, shape } = inputs[0];
    if (axis >= shape.length || start < 0 || start >= end || end > shape[axis]) {
      throw new ShapeError('Slice', `${start} … ${end} inside axis ${axis}`, inputs);
    }
    return [{ dtype, shape: shape.map((length, i) => (i === axis ? end - start : length)) }];
  },
  gradient: ({ ops, inputs: [x], gradient }, { axis, start, end }) => [
    ops.pad(gradient, axis, start, x.shape[axis] - end),
  ],
  lower({ inputs, outputs, node, integers }, { axis, start, end }) {
    node('Slice', [inputs[0].name, integers([start]), integers([end]), integers([axis])], {
      outputs: [outputs[0].name],
    });
  },
  evaluate([x], { axis, start, end }) {
    const inner = sizeOf(x.shape.slice(axis + 1));
    const length = x.shape[axis];
    const shape = x.shape.map((old, i) => (i === axis ? end - start : old));
    const data = x.data.filter((_, i) => {
      const at = Math.floor(i / inner) % length;
      return at >= start && at < end;
    });
    return [{ shape, data }];
  },
  sample(draw) {
    const shape = draw.shape(3);
    const axis = draw.integer(0, 2);
    const start = draw.integer(0, shape[axis] - 1);
    return { attributes: { axis, start, end: draw.integer(start + 1, shape[axis]) }, inputs: [{ shape }] };
  },
});

/** Places `start` … `end` − 1 of one axis. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  return start === 0 && end === x.shape[axis] ? x : applyOne(sliceOp.bind({ axis, start, end }), x);
}
