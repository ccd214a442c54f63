import fc from 'fast-check';
import { expect, test } from 'vitest';

import { expandGrid } from './expand-grid.js';
import { gridSchema, type Grid } from './grid.js';

const gridOf = (parts: object): Grid =>
  gridSchema.parse({
    format: 'rvpt-grid-1',
    name: 'g',
    summary: 's',
    attacks: ['badnet'],
    defenses: ['rvpt'],
    seeds: [0],
    ...parts,
  });

test('what is varied makes a cell for each combination, model by model', () => {
  const grid = gridOf({
    attacks: ['clean', 'badnet'],
    defenses: [
      'none',
      {
        label: 'ours',
        method: 'rvpt@small',
        settings: { depth: 1, alpha: 9 },
        vary: { alpha: [2, 4], augmentation: ['none'] },
        shots: [1, 8],
      },
    ],
    seeds: [3, 5],
  });
  const cells = expandGrid(grid);
  expect(cells.map(({ cell }) => `${cell.attack}/${cell.defense}/${cell.seed}`).slice(0, 10)).toEqual([
    'clean/none/3',
    'clean/none/5',
    'clean/ours alpha=2 augmentation=none shots=1/3',
    'clean/ours alpha=2 augmentation=none shots=1/5',
    'clean/ours alpha=2 augmentation=none shots=8/3',
    'clean/ours alpha=2 augmentation=none shots=8/5',
    'clean/ours alpha=4 augmentation=none shots=1/3',
    'clean/ours alpha=4 augmentation=none shots=1/5',
    'clean/ours alpha=4 augmentation=none shots=8/3',
    'clean/ours alpha=4 augmentation=none shots=8/5',
  ]);
  expect(cells).toHaveLength(20);
  expect(cells[7]).toMatchObject({
    method: 'rvpt@small',
    settings: { depth: 1, alpha: 4, augmentation: 'none' },
    shots: 1,
    cell: { method: 'rvpt', varied: { alpha: 4, augmentation: 'none', shots: 1 }, seed: 5 },
  });
  expect(cells[0]).toMatchObject({ shots: 16, cell: { varied: {} } });
});

test('as many cells as the axes multiply to, each with a name of its own', () => {
  const names = (prefix: string) =>
    fc.uniqueArray(
      fc.nat(30).map((n) => `${prefix}${n}`),
      { minLength: 1, maxLength: 4 },
    );
  const values = fc.uniqueArray(fc.nat(50), { minLength: 1, maxLength: 3 });
  const defense = fc.record({ alpha: values, depth: values, shots: values.map((all) => all.map((n) => n + 1)) });
  const grids = fc.record({
    zoos: names('zoo'),
    attacks: names('attack'),
    defenses: fc.array(defense, { minLength: 1, maxLength: 3 }),
    seeds: values,
  });
  fc.assert(
    fc.property(grids, ({ zoos, attacks, defenses, seeds }) => {
      const cells = expandGrid(
        gridOf({
          zoos: zoos.map((label) => ({ label, location: label })),
          attacks,
          defenses: defenses.map(({ shots, ...vary }, i) => ({ method: 'rvpt', label: `d${i}`, vary, shots })),
          seeds,
        }),
      );
      const variants = defenses.reduce(
        (sum, { alpha, depth, shots }) => sum + alpha.length * depth.length * shots.length,
        0,
      );
      expect(cells).toHaveLength(zoos.length * attacks.length * variants * seeds.length);
      const named = cells.map(({ cell }) => JSON.stringify([cell.zoo, cell.attack, cell.defense, cell.seed]));
      expect(new Set(named).size).toBe(cells.length);
      // what hangs on a model is together
      const models = cells.map(({ cell }) => `${cell.zoo}/${cell.attack}`);
      const turns = models.filter((model, i) => model !== models[i - 1]).length;
      expect(turns).toBe(zoos.length * attacks.length);
      for (const { cell, settings, shots } of cells) expect({ ...settings, shots }).toEqual(cell.varied);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ['defenses', { defenses: ['rvpt', { method: 'rvpt', settings: { alpha: 3 } }] }, 'rvpt'],
  ['defenses', { defenses: [{ method: 'rvpt', vary: { alpha: [2, 2] } }] }, 'rvpt alpha=2'],
  ['seeds', { seeds: [1, 2, 1] }, '1'],
  ['attacks', { attacks: ['a', 'a'] }, 'a'],
  ['measures', { measures: ['classification', { measure: 'classification', data: 'emoji:b' }] }, 'classification'],
  ['zoos', { zoos: [1, 2].map((n) => ({ label: 'z', location: `${n}` })) }, 'z'],
])('%s that could not be told apart are refused: %j', (what, parts, name) => {
  expect(() => expandGrid(gridOf(parts))).toThrow(
    `expand the grid: expected ${what} with labels of their own, got more than one of ${name}.`,
  );
});

test('more cells than fit into memory are refused before any is made', () => {
  const values = Array.from({ length: 1000 }, (_, i) => i);
  const vary = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`setting${i}`, values]));
  expect(() => expandGrid(gridOf({ defenses: [{ method: 'rvpt', vary }] }))).toThrow(
    'expected at most 100000 cells, got 1.0e+36',
  );
});

test('one number of shots is a list of one', () => {
  const [one] = expandGrid(gridOf({ defenses: [{ method: 'rvpt', shots: 4 }] }));
  expect(one).toMatchObject({ shots: 4, cell: { defense: 'rvpt shots=4', varied: { shots: 4 } } });
});
