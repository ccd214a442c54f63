import { sizeOf } from '../../tensor/shape.js';
import { applyOne, defineOp } from '../op.js';
import { ShapeError, type Value } from '../value.js';

// y[r] = Σ over i with ids[i] = r of x[i]: the gradient by x gathers the rows back.
export const scatterAddOp = defineOp<{ rows: number }>({
  name: 'ScatterAdd',
  infer(inputs, { rows }) {
    const [x, ids] = inputs;
    const lead = x.shape.slice(0, -1);
    if (inputs.length !== 2 || x.dtype !== 'float32' || ids.dtype !== 'int64' || lead.join() !== ids.shape.join()) {
      throw new ShapeError('ScatterAdd', 'float32 rows [..., width] and int64 row numbers [...]', inputs);
    }
    return [{ dtype: 'float32', shape: [rows, x.shape[x.shape.length - 1]] }];
  },
  gradient: ({ ops, inputs: [, ids], gradient, wanted }) => [
    wanted[0] ? ops.gather(gradient, ids) : undefined,
    undefined,
  ],
  // the WebGPU provider cannot add while it scatters, so this one node runs on the CPU there
  lower({ inputs: [x, ids], outputs: [y], node, integers, floats }) {
    const count = sizeOf(ids.shape);
    const updates = node('Reshape', [x.name, integers([count, y.shape[1]])]);
    const places = node('Reshape', [ids.name, integers([count, 1])]);
    const zeros = node('Expand', [floats([1, 1], Float32Array.of(0)), integers(y.shape)]);
    node('ScatterND', [zeros, places, updates], { outputs: [y.name], attributes: { reduction: { string: 'add' } } });
  },
  evaluate([x, ids], { rows }) {
    const width = x.shape[x.shape.length - 1];
    const data = new Float64Array(rows * width);
    x.data.forEach((element, i) => {
      data[ids.data[Math.floor(i / width)] * width + (i % width)] += element;
    });
    return [{ shape: [rows, width], data }];
  },
  sample(draw) {
    const rows = draw.integer(1, 4);
    const lead = draw.shape(draw.integer(1, 2));
    return {
      attributes: { rows },
      inputs: [{ shape: [...lead, draw.integer(1, 4)] }, { shape: lead, domain: { indicesBelow: rows } }],
    };
  },
});

/** Adds the rows of x [..., width] into `rows` rows of zeros at the places `ids` [...]: [rows, width]. */
export function scatterAdd(x: Value, ids: Value, rows: number): Value {
  return applyOne(scatterAddOp.bind({ rows }), x, ids);
}
