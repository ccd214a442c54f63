import { applyOne, defineOp } from '../op.js';
import type { Value } from '../value.js';
import { expectFloats, map } from './elementwise.js';

// y = u s with s = σ(u): dy/du = s + u s (1 - s) = s (1 + u - y).
export const siluOp = defineOp({
  name: 'Silu',
  infer(inputs) {
    expectFloats('Silu', inputs, 1);
    return [{ dtype: 'float32', shape: inputs[0].shape }];
  },
  gradient({ ops, inputs: [u], outputs: [y], gradient: g }) {
    const slope = ops.mul(ops.sigmoid(u), ops.add(ops.sub(u, y), u.graph.scalar(1)));
    return [ops.mul(g, slope)];
  },
  lower({ provider, inputs, outputs, node }) {
    if (provider === 'portable') {
      node('Mul', [inputs[0].name, node('Sigmoid', [inputs[0].name])], { outputs: [outputs[0].name] });
      return;
    }
    node('QuickGelu', [inputs[0].name], {
      domain: 'com.microsoft',
      outputs: [outputs[0].name],
      attributes: { alpha: { float: 1 } },
    });
  },
  evaluate: ([u]) => [map(u, (element) => element / (1 + Math.exp(-element)))],
  sample: (draw) => ({ attributes: {}, inputs: [{ shape: draw.shape(draw.integer(0, 3)) }] }),
});

/** u σ(u). QuickGELU(x) = x σ(1.702 x) is silu(1.702 x) / 1.702: both factors fold into the weights around it. */
export function silu(u: Value): Value {
  return applyOne(siluOp.bind({}), u);
}
