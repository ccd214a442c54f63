import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

import { attackProblems } from '../src/experiment/attacked-models.js';
import { expandGrid } from '../src/experiment/expand-grid.js';
import { assetFolder } from '../src/node/assets.js';
import { paperItems } from '../src/paper/items.js';
import { paperGrids } from '../src/paper/paper-grid.js';

test.each(paperItems)('the grids of $name are read, and every name in them is there', async (item) => {
  for (const grid of await paperGrids(item)) {
    expect(expandGrid(grid).length).toBeGreaterThan(0);
    const there = grid.zoos.filter(({ location }) => location === 'zoo:');
    expect(await attackProblems({ ...grid, zoos: there })).toEqual([]);
  }
});

test('every grid is that of an item', async () => {
  const files = await readdir(fileURLToPath(new URL('paper/', assetFolder())));
  const used = new Set(paperItems.flatMap(({ grids }) => grids));
  expect(files.map((name) => name.replace(/\.yaml$/, '')).sort()).toEqual([...used].sort());
});
