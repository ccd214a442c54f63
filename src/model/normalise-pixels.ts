import type { Preprocess } from '../data/preprocess.js';
import * as ops from '../graph/ops/index.js';
import type { Value } from '../graph/value.js';

/** (x − mean) / std by channel, inside a graph: pixels in [0, 1], [B, 3, S, S]. */
export function normalisePixels(x: Value, { mean, std }: Pick<Preprocess, 'mean' | 'std'>): Value {
  const { graph } = x;
  const centred = ops.sub(x, graph.constant('mean', [1, 3, 1, 1], Float32Array.from(mean)));
  const inverse = std.map((deviation) => 1 / deviation);
  return ops.mul(centred, graph.constant('1 / std', [1, 3, 1, 1], Float32Array.from(inverse)));
}
