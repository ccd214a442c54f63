import { expect, test } from 'vitest';

import { comparison, figures, reportModel } from '../../test/support/report-data.js';
import type { Block } from './document.js';
import type { ReportModel } from './report-data.js';
import { summaryOfRuns } from './run-summary.js';

interface RunParts {
  readonly attack?: string;
  readonly method?: string;
  readonly seed?: number;
  readonly settings?: ReportModel['settings'];
  readonly asr: number;
}

function run({ attack = 'badnet', method = 'rvpt', seed = 0, settings = { depth: 3 }, asr }: RunParts): ReportModel {
  const compared = comparison();
  const plain = reportModel();
  return reportModel({
    method,
    run: `runs/${[attack, method, seed, JSON.stringify(settings)].join('-')}`,
    settings,
    provenance: { ...plain.provenance, seed },
    comparison: {
      ...compared,
      attack: compared.attack && { ...compared.attack, trigger: { name: attack, settings: {} } },
      after: figures(0.9, asr, 0.8),
    },
  });
}

/** The rows of the table: name, defense, ASR with its small print, whether it is best, seeds. */
function rows(blocks: readonly Block[]): unknown[] {
  const [table] = blocks;
  if (table.kind !== 'table') throw new Error('the summary begins with a table');
  return table.rows.map(([model, defense, asr, , , seeds]) => [
    ...[model.text, defense.text, asr.text, asr.detail, asr.best === true],
    seeds.text,
  ]);
}

test('seeds of one defense are one row: their mean, and its interval by Student’s t', () => {
  // the mean of 2, 4 and 6 % is 4; standard deviation 2, t(2) = 4.303: ± 4.303 · 2 / √3 = 4.97
  const blocks = summaryOfRuns([0.02, 0.04, 0.06].map((asr, seed) => run({ seed, asr })));
  expect(rows(blocks)).toEqual([
    ['badnet', 'no defense', '97.5 %', '95.5 % – 99.5 %', false, '–'],
    ['badnet', 'RVPT', '4.0 %', '0.0 % – 9.0 %', false, '3'],
  ]);
});

test('defenses of one model are compared with each other, and not with those of another model', () => {
  const blocks = summaryOfRuns([
    run({ method: 'rvpt', asr: 0.1 }),
    run({ method: 'clean-clip', asr: 0.13 }),
    run({ method: 'par', asr: 0.5 }),
    run({ method: 'rvpt', attack: 'blended', asr: 0.3 }),
    run({ method: 'par', attack: 'blended', asr: 0.6 }),
  ]);
  // intervals are ± 2 points: 10 and 13 meet, 50 is apart
  expect(rows(blocks).map((row) => String(row))).toEqual([
    'badnet,no defense,97.5 %,95.5 % – 99.5 %,false,–',
    'badnet,RVPT,10.0 %,8.0 % – 12.0 %,true,1',
    'badnet,clean-clip,13.0 %,11.0 % – 15.0 %,true,1',
    'badnet,PAR,50.0 %,48.0 % – 52.0 %,false,1',
    'blended,no defense,97.5 %,95.5 % – 99.5 %,false,–',
    'blended,RVPT,30.0 %,28.0 % – 32.0 %,true,1',
    'blended,PAR,60.0 %,58.0 % – 62.0 %,false,1',
  ]);
});

test('runs with other settings are other rows, named by what differs; the same seed twice counts once', () => {
  const blocks = summaryOfRuns([
    run({ settings: { depth: 3, alpha: 2 }, asr: 0.1 }),
    { ...run({ settings: { depth: 3, alpha: 2 }, asr: 0.1 }), run: 'runs/again' },
    run({ settings: { depth: 3, alpha: 4 }, asr: 0.2 }),
  ]);
  expect(rows(blocks).map((row) => String(row).split(',').slice(1, 3).join(' '))).toEqual([
    'no defense 97.5 %',
    'RVPT alpha=2 10.0 %',
    'RVPT alpha=4 20.0 %',
  ]);
  expect(String(rows(blocks)[1]).endsWith(',1')).toBe(true);
});

test('a control is a row once, whatever alpha it was given and however many runs it is the control of', () => {
  const control = { method: 'vpt', run: 'runs/vpt', comparison: run({ asr: 0.5 }).comparison ?? comparison() };
  const blocks = summaryOfRuns([
    { ...run({ settings: { depth: 3, alpha: 2 }, asr: 0.1 }), control },
    { ...run({ settings: { depth: 3, alpha: 4 }, asr: 0.1 }), control },
  ]);
  const names = rows(blocks).map((row) => String(row).split(',')[1]);
  expect(names).toEqual(['no defense', 'RVPT alpha=2', 'VPT', 'RVPT alpha=4']);
});

test('models under one attack are told apart by their names', () => {
  const other = run({ asr: 0.2 });
  const compared = other.comparison;
  const elsewhere = { path: 'models/worse', sha256: 'b'.repeat(64) };
  const models = [
    run({ asr: 0.1 }),
    {
      ...other,
      run: 'runs/other',
      provenance: { ...other.provenance, model: elsewhere },
      ...(compared && { comparison: { ...compared, model: elsewhere } }),
    },
  ];
  expect(rows(summaryOfRuns(models)).map((row) => String(row).split(',').slice(0, 2).join())).toEqual([
    'badnet, bad',
    'badnet, bad',
    'badnet, worse',
    'badnet, worse',
  ]);
});

test('what was not measured is not there, and without an attack there are no rates under one', () => {
  const { comparison: measured, ...rest } = run({ asr: 0.1 });
  expect(summaryOfRuns([rest])).toEqual([]);
  if (measured === undefined) throw new Error('the run is measured');
  const { attack, ...clean } = measured;
  expect(attack).toBeDefined();
  const [table, figure] = summaryOfRuns([
    {
      ...rest,
      comparison: { ...clean, before: { clean: measured.before.clean }, after: { clean: measured.after.clean } },
    },
  ]);
  expect(table.kind === 'table' && table.rows.map((row) => row.map(({ text }) => text))).toEqual([
    ['bad', 'no defense', '–', '–', '94.0 %', '–'],
    ['bad', 'RVPT', '–', '–', '90.0 %', '1'],
  ]);
  expect(figure.kind === 'figure' && figure.charts.map(({ title }) => title)).toEqual([
    'Clean accuracy (CA): higher is better',
  ]);
});
