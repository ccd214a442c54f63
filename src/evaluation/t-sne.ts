import { TSNE } from '@saehrimnir/druidjs';

import type { Tensor } from '../tensor/tensor.js';

export interface TsneSettings {
  /** How many neighbours of each point count, roughly; made smaller where there are too few points for it. */
  readonly perplexity: number;
  readonly iterations: number;
  /** Of the first positions: the same rows and seed give the same map on the same machine and Node. */
  readonly seed: number;
}

/**
 * A map of points in which near ones stay near (van der Maaten and Hinton, "Visualizing Data using t-SNE", 2008), by
 * Euclidean distance.
 * @param rows [n, E], n ≥ 4
 * @returns x and y of each
 */
export function tsneMap({ shape: [count, width], data }: Tensor, settings: TsneSettings): [x: number, y: number][] {
  if (count < 4) throw new RangeError(`t-SNE: ${count} points, at least 4 are needed`);
  const rows = Array.from({ length: count }, (_, i) => Float64Array.from(data.subarray(i * width, (i + 1) * width)));
  // each point's neighbourhood reaches about three times the perplexity
  const perplexity = Math.min(settings.perplexity, (count - 1) / 3);
  const placed = new TSNE(rows, { d: 2, perplexity, epsilon: 10, seed: settings.seed }).transform(settings.iterations);
  return placed.map(([x, y]) => [x, y]);
}
