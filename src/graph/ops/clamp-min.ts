import { applyOne, defineOp } from '../op.js';
import type { Value } from '../value.js';
import { expectFloats, map } from './elementwise.js';

// y = max(x, m): dx = dy where x > m and 0 elsewhere, the subgradient at x = m that switches a margin off.
export const clampMinOp = defineOp<{ minimum: number }>({
  name: 'Max',
  infer(inputs) {
    expectFloats('Max', inputs, 1);
    return [{ dtype: 'float32', shape: inputs[0].shape }];
  },
  gradient: ({ ops, inputs: [x], gradient }, { minimum }) => [ops.mul(gradient, ops.greaterThan(x, minimum))],
  lower({ inputs, outputs, node, floats }, { minimum }) {
    node('Max', [inputs[0].name, floats([], Float32Array.of(minimum))], { outputs: [outputs[0].name] });
  },
  evaluate: ([x], { minimum }) => [map(x, (element) => Math.max(element, minimum))],
  // sample elements keep away from 0, the kink
  sample: (draw) => ({
    attributes: { minimum: 0 },
    inputs: [{ shape: draw.shape(draw.integer(0, 3)), domain: 'away-from-zero' }],
  }),
});

/** max(x, minimum) elementwise. */
export function clampMin(x: Value, minimum: number): Value {
  return applyOne(clampMinOp.bind({ minimum }), x);
}
