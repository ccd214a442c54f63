import { sizeOf } from '../../tensor/shape.js';
import { applyOne, defineOp } from '../op.js';
import { ShapeError, type Value } from '../value.js';

// y = x[…, 0:n, …] with n the length of another tensor's axis: the gradient is dy with zeros behind it. Shapes are
// worked out on the CPU, by the WebGPU provider too.
export const firstPlacesOp = defineOp<{ axis: number; likeAxis: number }>({
  name: 'FirstPlaces',
  infer(inputs, { axis, likeAxis }) {
    const [x, like] = inputs;
    if (inputs.length !== 2 || axis >= x.shape.length || likeAxis >= like.shape.length) {
      throw new ShapeError('FirstPlaces', `an axis ${axis} and, to measure it by, an axis ${likeAxis}`, inputs);
    }
    // no bound: a free axis has no length to compare
    return [{ dtype: x.dtype, shape: x.shape.map((old, i) => (i === axis ? like.shape[likeAxis] : old)) }];
  },
  gradient: ({ ops, inputs: [x, like], gradient }, { axis, likeAxis }) => [
    ops.pad(gradient, axis, 0, x.shape[axis] - like.shape[likeAxis]),
    undefined,
  ],
  lower({ inputs: [x, like], outputs, node, integers }, { axis, likeAxis }) {
    const length = node('Shape', [like.name], { attributes: { start: { int: likeAxis }, end: { int: likeAxis + 1 } } });
    node('Slice', [x.name, integers([0]), length, integers([axis])], { outputs: [outputs[0].name] });
  },
  evaluate([x, like], { axis, likeAxis }) {
    const inner = sizeOf(x.shape.slice(axis + 1));
    const shape = x.shape.map((old, i) => (i === axis ? like.shape[likeAxis] : old));
    return [{ shape, data: x.data.filter((_, i) => Math.floor(i / inner) % x.shape[axis] < shape[axis]) }];
  },
  sample(draw) {
    const shape = draw.shape(3);
    const axis = draw.integer(0, 2);
    const likeAxis = draw.integer(0, 1);
    const like = draw.shape(2).map((length, i) => (i === likeAxis ? draw.integer(1, shape[axis]) : length));
    return { attributes: { axis, likeAxis }, inputs: [{ shape }, { shape: like }] };
  },
});

/**
 * As many places of an axis of x, from the first on, as `like` has along one of its axes, which may be a free one.
 * `like` has no more of them than x.
 */
export function firstPlaces(x: Value, axis: number, like: Value, likeAxis: number): Value {
  return applyOne(firstPlacesOp.bind({ axis, likeAxis }), x, like);
}
