import { applyOne, defineOp } from '../op.js';
import type { Value } from '../value.js';
import { expectFloats } from './elementwise.js';
import { mapRows } from './softmax.js';

// y = x - log Σ e^x: dx = dy - e^y Σ dy.
export const logSoftmaxOp = defineOp({
  name: 'LogSoftmax',
  infer(inputs) {
    expectFloats('LogSoftmax', inputs, 1);
    return [{ dtype: 'float32', shape: inputs[0].shape }];
  },
  gradient({ ops, outputs: [y], gradient: g }) {
    const last = y.shape.length - 1;
    return [ops.sub(g, ops.mul(ops.exp(y), ops.reduceSum(g, [last])))];
  },
  lower({ provider, inputs: [x], outputs: [y], node, integers }) {
    const output = { outputs: [y.name] };
    if (provider !== 'webgpu') {
      node('LogSoftmax', [x.name], { ...output, attributes: { axis: { int: -1 } } });
      return;
    }
    // the WebGPU provider has no LogSoftmax and would copy to the CPU and back
    const lastAxis = integers([x.shape.length - 1]);
    const shifted = node('Sub', [x.name, node('ReduceMax', [x.name, lastAxis])]);
    const logSum = node('Log', [node('ReduceSum', [node('Exp', [shifted]), lastAxis])]);
    node('Sub', [shifted, logSum], output);
  },
  evaluate: ([x]) => [
    mapRows(x, (row) => {
      const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
      const logSum = top + Math.log(row.reduce((sum, element) => sum + Math.exp(element - top), 0));
      return row.map((element) => element - logSum);
    }),
  ],
  sample: (draw) => ({ attributes: {}, inputs: [{ shape: draw.shape(draw.integer(1, 3)) }] }),
});

/** Logarithm of the softmax over the last axis. */
export function logSoftmax(x: Value): Value {
  return applyOne(logSoftmaxOp.bind({}), x);
}
