import { applyOne, defineOp } from '../op.js';
import type { Value } from '../value.js';
import { expectFloats, map } from './elementwise.js';

export const greaterThanOp = defineOp<{ threshold: number }>({
  name: 'Greater',
  infer(inputs) {
    expectFloats('Greater', inputs, 1);
    return [{ dtype: 'float32', shape: inputs[0].shape }];
  },
  gradient: { none: 'a step function is flat wherever it has a derivative' },
  lower({ inputs, outputs, node, floats }, { threshold }) {
    const mask = node('Greater', [inputs[0].name, floats([], Float32Array.of(threshold))]);
    node('Cast', [mask], { outputs: [outputs[0].name], attributes: { to: { int: 1 } } });
  },
  evaluate: ([x], { threshold }) => [map(x, (element) => (element > threshold ? 1 : 0))],
  sample: (draw) => ({
    attributes: { threshold: 0 },
    inputs: [{ shape: draw.shape(draw.integer(0, 3)), domain: 'away-from-zero' }],
  }),
});

/** 1 where x > threshold, 0 elsewhere, as float32. */
export function greaterThan(x: Value, threshold: number): Value {
  return applyOne(greaterThanOp.bind({ threshold }), x);
}
