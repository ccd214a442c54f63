import { sizeOf, type Shape } from '../../tensor/shape.js';
import { applyOne, defineOp } from '../op.js';
import { ShapeError, type Value } from '../value.js';

// y[i] = table[ids[i]]: the gradient adds each row of dy to the row of the table that it came from.
export const gatherOp = defineOp({
  name: 'Gather',
  infer(inputs) {
    const [table, ids] = inputs;
    if (inputs.length !== 2 || table.dtype !== 'float32' || table.shape.length !== 2 || ids.dtype !== 'int64') {
      throw new ShapeError('Gather', 'a float32 table [rows, width] and int64 row numbers', inputs);
    }
    return [{ dtype: 'float32', shape: [...ids.shape, table.shape[1]] }];
  },
  gradient: ({ ops, inputs: [table, ids], gradient, wanted }) => [
    wanted[0] ? ops.scatterAdd(gradient, ids, table.shape[0]) : undefined,
    undefined,
  ],
  lower({ inputs, outputs, node }) {
    node(
      'Gather',
      inputs.map((input) => input.name),
      { outputs: [outputs[0].name], attributes: { axis: { int: 0 } } },
    );
  },
  evaluate([table, ids]) {
    const width = table.shape[1];
    const shape: Shape = [...ids.shape, width];
    const data = new Float64Array(sizeOf(shape));
    ids.data.forEach((id, i) => {
      data.set(table.data.subarray(id * width, (id + 1) * width), i * width);
    });
    return [{ shape, data }];
  },
  sample(draw) {
    const rows = draw.integer(1, 5);
    return {
      attributes: {},
      inputs: [
        { shape: [rows, draw.integer(1, 4)] },
        { shape: draw.shape(draw.integer(1, 2)), domain: { indicesBelow: rows } },
      ],
    };
  },
});

/** Rows of `table` [rows, width] by number: ids [...] give [..., width]. */
export function gather(table: Value, ids: Value): Value {
  return applyOne(gatherOp.bind({}), table, ids);
}
