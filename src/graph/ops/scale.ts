import { applyOne, defineOp } from '../op.js';
import type { Value } from '../value.js';
import { expectFloats, map } from './elementwise.js';

// y = c x: dx = c dy.
export const scaleOp = defineOp<{ factor: number }>({
  name: 'Scale',
  infer(inputs) {
    expectFloats('Scale', inputs, 1);
    return [{ dtype: 'float32', shape: inputs[0].shape }];
  },
  gradient: ({ ops, gradient }, { factor }) => [ops.scale(gradient, factor)],
  lower({ inputs, outputs, node, floats }, { factor }) {
    node('Mul', [inputs[0].name, floats([], Float32Array.of(factor))], { outputs: [outputs[0].name] });
  },
  evaluate: ([x], { factor }) => [map(x, (element) => element * factor)],
  sample: (draw) => ({
    attributes: { factor: draw.integer(-20, 20) / 8 },
    inputs: [{ shape: draw.shape(draw.integer(0, 3)) }],
  }),
});

/** `factor` · x, with a factor known at build time. */
export function scale(x: Value, factor: number): Value {
  return factor === 1 ? x : applyOne(scaleOp.bind({ factor }), x);
}
