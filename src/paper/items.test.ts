import { expect, test } from 'vitest';

import { expandGrid } from '../experiment/expand-grid.js';
import { reportDocumentSchema } from '../report/document.js';
import { paperItems } from './items.js';
import { paperResult, type PaperRun } from './paper-document.js';
import { paperGrids } from './paper-grid.js';

const run: PaperRun = {
  grids: [],
  isOfPackage: true,
  machine: 'm',
  versions: { rvpt: '0', onnxruntime: '0', node: '0', platform: 'p' },
  command: 'c',
  pathOf: (folder) => folder,
};

test('every table and every figure of results is there, each once', () => {
  const tables = Array.from({ length: 12 }, (_, i) => `table${i + 1}`);
  const figures = [1, 3, 4, 5, 6, 7, 8, 9].map((number) => `figure${number}`);
  expect(paperItems.map(({ name }) => name)).toEqual([...tables, ...figures]);
});

test.each(paperItems)('$name has grids that name themselves, a title and claims', async (item) => {
  const grids = await paperGrids(item);
  expect(grids.map(({ name }) => name)).toEqual(item.grids);
  for (const { split } of grids) expect(split).toBe('test');
  expect(item.title).toMatch(new RegExp(`^${item.name.replace(/(\d+)/, ' $1')}:`, 'i'));
  expect(item.question).toMatch(/\?$/);
});

test.each(paperItems)('$name of cells that all failed is a document, and nothing of it can be told', async (item) => {
  const cells = (await paperGrids(item)).flatMap((grid) => expandGrid(grid).map(({ cell }) => cell));
  const failed = cells.map((cell, i) => ({ cell, run: `runs/${i}`, measured: {}, failures: ['out of memory'] }));
  const { document, findings, failures } = paperResult(item, failed, run);
  expect(reportDocumentSchema.safeParse(document).error).toBeUndefined();
  expect(failures).toHaveLength(cells.length);
  for (const { claim, verdict } of findings) expect([claim, verdict]).toEqual([claim, 'cannot be told']);
});
