import { applyOne, defineOp } from '../op.js';
import type { Value } from '../value.js';
import { expectFloats, map } from './elementwise.js';
import { erfReference } from './erf-reference.js';

// y = x Φ(x), Φ the normal distribution function: dy/dx = Φ(x) + x φ(x).
export const geluOp = defineOp({
  name: 'Gelu',
  infer(inputs) {
    expectFloats('Gelu', inputs, 1);
    return [{ dtype: 'float32', shape: inputs[0].shape }];
  },
  gradient({ ops, inputs: [x], gradient: g }) {
    const cumulative = ops.scale(ops.add(ops.erf(ops.scale(x, Math.SQRT1_2)), x.graph.scalar(1)), 0.5);
    const density = ops.scale(ops.exp(ops.scale(ops.mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [ops.mul(g, ops.add(cumulative, ops.mul(x, density)))];
  },
  lower({ provider, inputs: [x], outputs, node, floats }) {
    if (provider === 'portable') {
      const scalar = (value: number): string => floats([], Float32Array.of(value));
      const cumulative = node('Add', [node('Erf', [node('Div', [x.name, scalar(Math.SQRT2)])]), scalar(1)]);
      // this order of products is the one that onnxruntime takes for a Gelu
      node('Mul', [node('Mul', [x.name, cumulative]), scalar(0.5)], { outputs: [outputs[0].name] });
      return;
    }
    node('Gelu', [x.name], { domain: 'com.microsoft', outputs: [outputs[0].name] });
  },
  evaluate: ([x]) => [map(x, (element) => (element / 2) * (1 + erfReference(element * Math.SQRT1_2)))],
  sample: (draw) => ({ attributes: {}, inputs: [{ shape: draw.shape(draw.integer(0, 3)) }] }),
});

/** x Φ(x), the exact (error function) form. */
export function gelu(x: Value): Value {
  return applyOne(geluOp.bind({}), x);
}
