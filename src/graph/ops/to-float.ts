import { applyOne, defineOp } from '../op.js';
import { ShapeError, type Value } from '../value.js';

// the WebGPU provider computes with no int64, so this node runs on the CPU there
export const toFloatOp = defineOp({
  name: 'Cast',
  infer(inputs) {
    if (inputs.length !== 1 || inputs[0].dtype !== 'int64') throw new ShapeError('Cast', 'one int64 input', inputs);
    return [{ dtype: 'float32', shape: inputs[0].shape }];
  },
  gradient: { none: 'whole numbers do not vary' },
  lower({ inputs, outputs, node }) {
    node('Cast', [inputs[0].name], { outputs: [outputs[0].name], attributes: { to: { int: 1 } } });
  },
  evaluate: ([x]) => [x],
  sample: (draw) => ({
    attributes: {},
    inputs: [{ shape: draw.shape(draw.integer(0, 3)), domain: { indicesBelow: 60_000 } }],
  }),
});

/** Whole numbers as float32, exact up to 2^24. */
export function toFloat(x: Value): Value {
  return applyOne(toFloatOp.bind({}), x);
}
