import type { Tensor } from '../tensor/tensor.js';
import type { LabelledRows } from './retrieval.js';

/**
 * The class of each row by the nearest class mean: the means are taken over `clean`, and compared by cosine.
 * @param rows of length 1, [m, E]
 * @returns labels, [m]; of equally near ones the first in `clean`
 */
export function nearestClasses(rows: Tensor, clean: LabelledRows): number[] {
  const [count, width] = rows.shape;
  const means = classMeans(clean);
  return Array.from({ length: count }, (_, row) => {
    let best = { label: -1, cosine: -Infinity };
    for (const [label, mean] of means) {
      const length = Math.hypot(...mean);
      const cosine = mean.reduce((sum, element, k) => sum + element * rows.data[row * width + k], 0) / length;
      if (cosine > best.cosine) best = { label, cosine };
    }
    return best.label;
  });
}

/** Sums of the rows of each class: means but for a factor, which a cosine does not see. */
function classMeans({ features: { shape, data }, labels }: LabelledRows): Map<number, Float64Array> {
  const [, width] = shape;
  const sums = new Map<number, Float64Array>();
  labels.forEach((label, row) => {
    const sum = sums.get(label) ?? new Float64Array(width);
    for (let k = 0; k < width; k++) sum[k] += data[row * width + k];
    sums.set(label, sum);
  });
  return sums;
}
