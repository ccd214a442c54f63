import { applyOne, defineOp } from '../op.js';
import { ShapeError, type Value } from '../value.js';

// the WebGPU provider gathers with no int64 indices, so these nodes run on the CPU there
export const rowOfLargestOp = defineOp({
  name: 'RowOfLargest',
  infer(inputs) {
    const [x, scores] = inputs;
    const fits = inputs.length === 2 && inputs.every(({ dtype }) => dtype === 'float32');
    if (!fits || x.shape.length !== 3 || scores.shape.join() !== x.shape.slice(0, 2).join()) {
      throw new ShapeError('RowOfLargest', 'rows [n, T, W] and scores of them [n, T]', inputs);
    }
    return [{ dtype: 'float32', shape: [x.shape[0], x.shape[2]] }];
  },
  gradient: { none: 'texts of any length are read by exported models, and these do not train' },
  lower({ inputs: [x, scores], outputs, node }) {
    const places = node('ArgMax', [scores.name], { attributes: { axis: { int: 1 }, keepdims: { int: 1 } } }); // [n, 1]
    node('GatherND', [x.name, places], { outputs: [outputs[0].name], attributes: { batch_dims: { int: 1 } } });
  },
  evaluate([x, scores]) {
    const [count, tokens, width] = x.shape;
    const data = new Float64Array(count * width);
    for (let i = 0; i < count; i++) {
      const row = scores.data.subarray(i * tokens, (i + 1) * tokens);
      const place = row.indexOf(Math.max(...row));
      data.set(x.data.subarray((i * tokens + place) * width, (i * tokens + place + 1) * width), i * width);
    }
    return [{ shape: [count, width], data }];
  },
  sample(draw) {
    const [count, tokens, width] = draw.shape(3);
    return { attributes: {}, inputs: [{ shape: [count, tokens, width] }, { shape: [count, tokens] }] };
  },
});

/** Of each [T, W] the row whose score is the largest, the first of equals: x [n, T, W] and scores [n, T] give [n, W]. */
export function rowOfLargest(x: Value, scores: Value): Value {
  return applyOne(rowOfLargestOp.bind({}), x, scores);
}
