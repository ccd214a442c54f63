import { expect, it } from 'vitest';

import { searchC } from './search-c.js';

/** Runs the search on an accuracy that peaks at 10^peak. */
async function searched(peak: number, halvings: number): Promise<{ found: number; tried: number[] }> {
  const tried: number[] = [];
  const c = await searchC((candidate) => {
    tried.push(Math.log10(candidate));
    return Promise.resolve(-Math.abs(Math.log10(candidate) - peak));
  }, halvings);
  return { found: Math.log10(c), tried };
}

it('takes the best of a coarse grid, then halves the range around it towards the better end', async () => {
  const { tried } = await searched(0.6, 3);
  const expected = [6, 4, 2, 0, -2, -4, -6, -1, 1, 0, 1, 0.5, 1];
  expect(tried).toHaveLength(expected.length);
  for (const [i, logC] of expected.entries()) expect(tried[i]).toBeCloseTo(logC, 12);
});

it('ends at the better end of the last range', async () => {
  expect((await searched(0.6, 3)).found).toBeCloseTo(0.5, 12);
  expect((await searched(-3.2, 8)).found).toBeCloseTo(-3.2, 1);
  expect((await searched(-3.2, 0)).found).toBeCloseTo(-4, 12);
});

it('of equals takes the larger C of the grid, and the smaller end of a range', async () => {
  expect(Math.log10(await searchC(() => Promise.resolve(0.5), 2))).toBeCloseTo(5, 12);
});
