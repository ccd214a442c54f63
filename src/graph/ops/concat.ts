import { sizeOf } from '../../tensor/shape.js';
import { defineOp } from '../op.js';
import { ShapeError, type Value } from '../value.js';

// y = [x1; x2; …] along an axis: each input's gradient is its slice of dy.
export const concatOp = defineOp<{ axis: number }>({
  name: 'Concat',
  infer(inputs, { axis }) {
    const others = (shape: readonly number[]): string => shape.filter((_, i) => i !== axis).join();
    const [first] = inputs;
    if (
      inputs.some(
        ({ shape, dtype }) => dtype !== first.dtype || shape.length <= axis || others(shape) !== others(first.shape),
      )
    ) {
      throw new ShapeError('Concat', `shapes that differ only along axis ${axis}`, inputs);
    }
    const length = inputs.reduce((sum, input) => sum + input.shape[axis], 0);
    return [{ dtype: first.dtype, shape: first.shape.map((old, i) => (i === axis ? length : old)) }];
  },
  gradient({ ops, inputs, gradient, wanted }, { axis }) {
    let start = 0;
    return inputs.map((input, i) => {
      const from = start;
      start += input.shape[axis];
      return wanted[i] ? ops.slice(gradient, axis, from, start) : undefined;
    });
  },
  lower({ inputs, outputs, node }, { axis }) {
    node(
      'Concat',
      inputs.map((input) => input.name),
      { outputs: [outputs[0].name], attributes: { axis: { int: axis } } },
    );
  },
  evaluate(inputs, { axis }) {
    const shape = inputs[0].shape.map((old, i) =>
      i === axis ? inputs.reduce((sum, x) => sum + x.shape[axis], 0) : old,
    );
    const outer = sizeOf(shape.slice(0, axis));
    const data: number[] = [];
    for (let o = 0; o < outer; o++) {
      for (const x of inputs) {
        const chunk = x.data.length / outer;
        data.push(...x.data.subarray(o * chunk, (o + 1) * chunk));
      }
    }
    return [{ shape, data: Float64Array.from(data) }];
  },
  sample(draw) {
    const shape = draw.shape(3);
    const axis = draw.integer(0, 2);
    const other = (): number[] => shape.map((length, i) => (i === axis ? draw.integer(1, 3) : length));
    return { attributes: { axis }, inputs: [{ shape }, { shape: other() }, { shape: other() }] };
  },
});

/** Joins values along `axis`. */
export function concat(values: readonly [Value, ...Value[]], axis: number): Value {
  return values.length === 1 ? values[0] : values[0].graph.apply(concatOp.bind({ axis }), values)[0];
}
