import { expect, test } from 'vitest';

import { gridSchema, type CellOutcome } from '../experiment/grid.js';
import { reportDocumentSchema } from './document.js';
import { documentOfGrid } from './document-of-grid.js';

const grid = gridSchema.parse({
  format: 'rvpt-grid-1',
  name: 'small',
  summary: 'Two defenses on one attack.',
  attacks: ['badnet'],
  defenses: ['none', 'rvpt'],
  seeds: [0, 1],
  measures: ['classification', 'constructor'],
});

function outcome(defense: string, seed: number, asr: number | undefined): CellOutcome {
  const cell = { zoo: 'zoo', attack: 'badnet', defense, method: defense, varied: {}, withoutTarget: false, seed };
  // without a defense there is nothing that a seed decides
  const run = defense === 'none' ? 'runs/badnet-none' : `runs/badnet-rvpt-${seed}`;
  if (asr === undefined) return { cell, run, measured: {}, failures: ['defense: out of memory'] };
  return {
    ...{ cell, run, failures: [] },
    cost: { seconds: 10 + seed, peakBytes: 2e8 + seed * 1e8, steps: 100, trainableParameters: 345600, samples: 160 },
    measured: {
      classification: {
        clean: { ca: 0.9, n: 100, images: [1, 2] },
        target: { index: 2 },
        attacked: { asr_strict: asr, asr_strict_n: 90 },
      },
    },
  };
}

const outcomes = [outcome('none', 0, 0.9), outcome('none', 1, 0.9), outcome('rvpt', 0, 0.1), outcome('rvpt', 1, 0.12)];

test('a grid becomes a table of means over seeds, and a table of costs', () => {
  const document = documentOfGrid(grid, outcomes, (run) => `../${run}`);
  expect(reportDocumentSchema.parse(JSON.parse(JSON.stringify(document)))).toEqual(document);
  expect(document.sections.map(({ heading }) => heading)).toEqual(['classification', 'What the defenses cost', 'Runs']);
  const [[table], [costs], [links]] = document.sections.map(({ blocks }) => blocks);
  if (table.kind !== 'table' || costs.kind !== 'table' || links.kind !== 'links') throw new Error('other blocks');
  expect(table.columns.map(({ label }) => label)).toEqual(['attack', 'defense', 'CA', 'ASR, strict', 'runs']);
  // of 10 and 12 %: deviation √2, t(1) = 12.706: ± 12.706 · √2 / √2 = 12.7
  expect(table.rows.map((row) => row.map(({ text, detail, best }) => [text, detail, best]))).toEqual([
    [
      ['badnet', 'zoo', undefined],
      ['none', undefined, undefined],
      ['90.0 %', undefined, true],
      ['90.0 %', undefined, undefined],
      ['1', undefined, undefined],
    ],
    [
      ['badnet', 'zoo', undefined],
      ['rvpt', undefined, undefined],
      ['90.0 %', '± 0.0 points', true],
      ['11.0 %', '± 12.7 points', true],
      ['2', undefined, undefined],
    ],
  ]);
  expect(costs.rows.map((row) => row.map(({ text }) => text))).toEqual([
    ['none', '10.0', '200', '100', '345,600', '160'],
    ['rvpt', '10.5', '300', '100', '345,600', '160'],
  ]);
  expect(links.links[3]).toEqual({ label: 'zoo, badnet, rvpt, seed 1', path: '../runs/badnet-rvpt-1' });
});

test('cells that failed are told of, and leave no numbers', () => {
  const document = documentOfGrid(grid, [outcomes[0], outcome('rvpt', 0, undefined)], (run) => run);
  const failed = document.sections.find(({ id }) => id === 'failures');
  expect(failed?.heading).toBe('Failed: 1 cell');
  expect(failed?.blocks).toEqual([
    { kind: 'facts', facts: [{ name: 'zoo, badnet, rvpt, seed 0', value: 'defense: out of memory' }] },
  ]);
  expect(document.provenance[1].value).toBe('2, of which 1 without a defended model');
});
