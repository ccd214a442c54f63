import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

import { temporaryFolder } from '../../test/support/temporary-folder.js';
import type { PaperItem } from './item.js';
import { paperItems } from './items.js';
import { paperGrids, type GridChanges } from './paper-grid.js';

function itemOf(wanted: string): PaperItem {
  const found = paperItems.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`no ${wanted}`);
  return found;
}

const gridsOf = async (name: string, changes: GridChanges) => paperGrids(itemOf(name), changes);

test('models, images, pairs, shots and seeds are changed in every grid', async () => {
  const grids = await gridsOf('table1', { attacks: ['badnet'], data: 'pets', pairs: 'p.csv', shots: 4, seeds: 2 });
  expect(grids.map(({ name }) => name)).toEqual(['table1', 'table1-control']);
  for (const grid of grids) {
    expect(grid).toMatchObject({
      ...{ attacks: ['badnet'], data: 'pets', pairs: { location: 'p.csv' }, shots: 4, seeds: [0, 1] },
    });
  }
});

test('what is of the emoji world alone is left out elsewhere', async () => {
  const names = async (name: string, changes: GridChanges) => (await gridsOf(name, changes)).map((grid) => grid.name);
  const measures = async (changes: GridChanges) =>
    (await gridsOf('table7', changes))[0].measures.map(({ measure }) => measure);
  // so many pairs as there are images of the emoji world
  expect(await names('table1', { seeds: 1 })).toContain('table1-pairs');
  for (const change of [{ data: 'pets' }, { pairs: 'p.csv' }, { shots: 4 }]) {
    expect(await names('table1', change)).not.toContain('table1-pairs');
  }
  // a captioner of its scenes
  expect(await measures({ seeds: 1 })).toEqual(['retrieval', 'captioning']);
  expect(await measures({ data: 'pets' })).toEqual(['retrieval']);
});

test('other data are called by their names', async () => {
  const labels = async (otherData: string[]) =>
    (await gridsOf('table6', { data: 'd', otherData }))[0].measures.map(({ data, label }) => [data, label]);
  expect(await labels(['a/sketch', 'b/v2'])).toEqual([
    ['a/sketch', 'sketch'],
    ['b/v2', 'v2'],
  ]);
  expect(await labels(['a/test', 'b/test'])).toEqual([
    ['a/test', '1: a/test'],
    ['b/test', '2: b/test'],
  ]);
});

test('models that a zoo lacks are told with those that can be taken', async () => {
  await using scope = await temporaryFolder();
  const zoo = path.join(scope.path, 'zoo');
  await expect(gridsOf('table2', { zoo })).rejects.toThrow(
    `find the models of table2 in ${zoo}: expected a model folder for each of badnet, blended, wanet, got none. ` +
      'A model is a folder in it, named as the attack, as `rvpt poison` writes it.',
  );
  for (const name of ['badnet', 'badclip', 'wanet']) {
    await mkdir(path.join(zoo, name), { recursive: true });
    await writeFile(path.join(zoo, name, 'config.json'), '{}');
  }
  await expect(gridsOf('table2', { zoo })).rejects.toThrow(
    'got badclip, badnet, wanet. Take those that are there: --attacks badnet --attacks wanet.',
  );
  await expect(gridsOf('table3', { zoo, attacks: ['badnet'] })).rejects.toThrow('put it there as clean.');
  expect(await gridsOf('table2', { zoo, attacks: ['badnet', 'wanet'] })).toHaveLength(1);
});
