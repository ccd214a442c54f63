import { applyOne, defineOp } from '../op.js';
import { ShapeError, type Value } from '../value.js';
import { expectFloats } from './elementwise.js';

// y = (x - μ) r with r = 1 / √(σ² + ε), over the last axis (Ba et al., arXiv 1607.06450, without gain and bias):
//   dx = r (dy - mean(dy) - y mean(dy y))
// μ and r are by-products; the gradient reuses r instead of taking the moments again.
export const layerNormalizationOp = defineOp<{ epsilon: number }>({
  name: 'LayerNormalization',
  infer(inputs) {
    expectFloats('LayerNormalization', inputs, 1);
    const { shape } = inputs[0];
    if (shape.length === 0) throw new ShapeError('LayerNormalization', 'at least one axis', inputs);
    const moments = { dtype: 'float32', shape: [...shape.slice(0, -1), 1] } as const;
    return [{ dtype: 'float32', shape }, moments, moments];
  },
  gradient({ ops, outputs: [y, , r], gradient: g }) {
    const last = [y.shape.length - 1];
    const along = ops.mul(y, ops.reduceMean(ops.mul(g, y), last));
    return [ops.mul(ops.sub(ops.sub(g, ops.reduceMean(g, last)), along), r)];
  },
  lower({ inputs: [x], outputs, node, floats }, { epsilon }) {
    const width = x.shape[x.shape.length - 1];
    node('LayerNormalization', [x.name, floats([width], new Float32Array(width).fill(1))], {
      outputs: outputs.map((output) => output.name),
      attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
    });
  },
  evaluate([x], { epsilon }) {
    const width = x.shape[x.shape.length - 1];
    const rows = x.data.length / width;
    const y = new Float64Array(x.data.length);
    const means = new Float64Array(rows);
    const inverses = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const elements = x.data.subarray(row * width, (row + 1) * width);
      const mean = elements.reduce((a, b) => a + b, 0) / width;
      const variance = elements.reduce((sum, element) => sum + (element - mean) ** 2, 0) / width;
      means[row] = mean;
      inverses[row] = 1 / Math.sqrt(variance + epsilon);
      y.set(
        elements.map((element) => (element - mean) * inverses[row]),
        row * width,
      );
    }
    const shape = [...x.shape.slice(0, -1), 1];
    return [
      { shape: x.shape, data: y },
      { shape, data: means },
      { shape, data: inverses },
    ];
  },
  sample: (draw) => ({
    attributes: { epsilon: 0.01 },
    inputs: [{ shape: [...draw.shape(draw.integer(0, 2)), draw.integer(2, 5)] }],
  }),
});

/** Rows along the last axis shifted to mean 0 and scaled to variance 1. */
export function layerNormalization(x: Value, epsilon: number): Value {
  return applyOne(layerNormalizationOp.bind({ epsilon }), x);
}
