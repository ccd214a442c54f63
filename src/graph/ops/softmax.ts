import { applyOne, defineOp, type ReferenceTensor } from '../op.js';
import type { Value } from '../value.js';
import { expectFloats } from './elementwise.js';

/** Applies `f` to every row along the last axis. */
export function mapRows(x: ReferenceTensor, f: (row: Float64Array) => ArrayLike<number>): ReferenceTensor {
  const width = x.shape[x.shape.length - 1];
  const data = new Float64Array(x.data.length);
  for (let at = 0; at < data.length; at += width) data.set(f(x.data.subarray(at, at + width)), at);
  return { shape: x.shape, data };
}

// y = softmax(x): dx = y (dy - Σ dy y).
export const softmaxOp = defineOp({
  name: 'Softmax',
  infer(inputs) {
    expectFloats('Softmax', inputs, 1);
    return [{ dtype: 'float32', shape: inputs[0].shape }];
  },
  gradient({ ops, outputs: [y], gradient: g }) {
    const last = y.shape.length - 1;
    return [ops.mul(y, ops.sub(g, ops.reduceSum(ops.mul(g, y), [last])))];
  },
  lower({ inputs, outputs, node }) {
    node('Softmax', [inputs[0].name], { outputs: [outputs[0].name], attributes: { axis: { int: -1 } } });
  },
  evaluate: ([x]) => [
    mapRows(x, (row) => {
      const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
      const powers = row.map((element) => Math.exp(element - top));
      const sum = powers.reduce((a, b) => a + b, 0);
      return powers.map((power) => power / sum);
    }),
  ],
  sample: (draw) => ({ attributes: {}, inputs: [{ shape: draw.shape(draw.integer(1, 3)) }] }),
});

/** Softmax over the last axis. */
export function softmax(x: Value): Value {
  return applyOne(softmaxOp.bind({}), x);
}
