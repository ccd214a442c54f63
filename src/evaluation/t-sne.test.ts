import { expect, test } from 'vitest';

import { Random } from '../tensor/random.js';
import { tensor } from '../tensor/tensor.js';
import { tsneMap } from './t-sne.js';

/** Three clusters of eight points in 16 dimensions. */
const clusterOf = (i: number): number => Math.floor(i / 8);
const random = Random.stream(0, 'clusters');
const rows = tensor(
  [24, 16],
  Array.from(
    { length: 24 * 16 },
    (_, at) => (at % 16 === clusterOf(Math.floor(at / 16)) ? 1 : 0) + 0.05 * random.normal(),
  ),
);
const settings = { perplexity: 5, iterations: 300, seed: 3 };
const distance = ([ax, ay]: readonly number[], [bx, by]: readonly number[]): number => Math.hypot(ax - bx, ay - by);

test('what is near stays near: the nearest neighbours of every point are of its cluster', () => {
  const map = tsneMap(rows, settings);
  for (const [i, point] of map.entries()) {
    const nearest = map
      .map((other, j) => ({ j, away: distance(point, other) }))
      .filter(({ j }) => j !== i)
      .sort((a, b) => a.away - b.away)
      .slice(0, 7)
      .map(({ j }) => clusterOf(j));
    expect(nearest).toEqual(Array(7).fill(clusterOf(i)));
  }
});

test('the seed decides the map', () => {
  expect(tsneMap(rows, settings)).toEqual(tsneMap(rows, settings));
  expect(tsneMap(rows, { ...settings, seed: 4 })).not.toEqual(tsneMap(rows, settings));
});

test('few points get along with the usual perplexity', () => {
  const few = tensor([4, 16], rows.data.slice(0, 64));
  expect(
    tsneMap(few, { ...settings, perplexity: 30 })
      .flat()
      .every(Number.isFinite),
  ).toBe(true);
  expect(() => tsneMap(tensor([3, 2]), settings)).toThrow('3 points');
});
