import { expect, test } from 'vitest';

import { classified, type OutcomeRates } from '../../../test/support/outcomes.js';
import type { CellOutcome } from '../../experiment/grid.js';
import type { DocumentTable } from '../../report/document.js';
import type { PaperItem } from '../item.js';
import { table2 } from './table2.js';
import { table3 } from './table3.js';
import { table4 } from './table4.js';
import { table5 } from './table5.js';
import { table6 } from './table6.js';

const three = (asr: number, ca: number): OutcomeRates[] => [0, 1, 2].map((from) => ({ asr, ca, from }));

function verdictsOf(item: PaperItem, outcomes: readonly CellOutcome[]): string[] {
  return item.findings(outcomes).map(({ verdict }) => verdict);
}

function tablesOf(item: PaperItem, outcomes: readonly CellOutcome[]): DocumentTable[] {
  return item.layout(outcomes).flatMap((block) => (block.kind === 'table' ? [block] : []));
}

const texts = ({ rows }: DocumentTable): string[][] => rows.map((row) => row.map(({ text }) => text));

test('table 2: RVPT has to be lowest, and to gain clean accuracy', () => {
  const study = (probe: readonly OutcomeRates[]): CellOutcome[] => [
    ...classified('wanet', 'none', three(60, 80)),
    ...classified('wanet', 'linear-probe', probe),
    ...classified('wanet', 'rvpt', three(2, 88)),
  ];
  expect(verdictsOf(table2, study(three(9, 70)))).toEqual(['holds', 'holds', 'holds', 'holds']);
  const lost = verdictsOf(table2, study(three(0, 95)));
  expect(lost).toEqual(['does not hold', 'holds', 'holds', 'does not hold']);
  const [ours, pets] = tablesOf(table2, study(three(9, 70)));
  expect(ours.rows[2][1]).toMatchObject({ text: '2.0 ± 0.0 (88.0 ± 0.0)', published: '0.08 (93.89)', best: true });
  expect(texts(pets)).toContainEqual(['RVPT', '0.30 (88.60)', '0.64 (88.87)', '1.59 (88.53)']);
});

test('table 3: PA is compared with that of the model nobody attacked, under the same trigger', () => {
  const study = (rvpt: number): CellOutcome[] =>
    ['badnet', 'blended', 'badclip'].flatMap((attack) => [
      ...classified(`clean+${attack}`, 'none', three(2, 90)),
      ...classified(attack, 'none', three(90, 90)),
      ...classified(attack, 'cleanclip', three(attack === 'badclip' ? 80 : 30, 90)),
      ...classified(attack, 'linear-probe', three(attack === 'badclip' ? 70 : 20, 90)),
      ...classified(attack, 'rvpt', three(rvpt, 90)),
    ]);
  // of 200 triggered images all 100 of the target are right, and those of the others that the attack misses
  const entries = tablesOf(table3, study(4))[0].rows.map((row) => row[1]);
  expect(entries[0].text).toMatch(/^99\.0 ± 1\.\d$/);
  expect(entries[1].text).toMatch(/^55\.0 ± [67]\.\d$/);
  expect(entries).toMatchObject([
    { published: '58.29' },
    { published: '10.36' },
    { text: '85.0 ± 0.0', published: '39.66' },
    { text: '90.0 ± 0.0', published: '28.02' },
    { text: '98.0 ± 0.0', published: '58.94', best: true },
  ]);
  expect(verdictsOf(table3, study(4))).toEqual(['holds', 'holds', 'holds', 'holds']);
  expect(verdictsOf(table3, study(60))).toEqual(['holds', 'does not hold', 'does not hold', 'holds']);
  // of attacks that were not asked for there is no column, and no finding waits for them
  const two = study(4).filter(({ cell }) => !cell.attack.endsWith('blended'));
  expect(tablesOf(table3, two)[0].columns.map(({ label }) => label)).toEqual(['model', 'BadNet', 'BadCLIP']);
  expect(verdictsOf(table3, two)).toEqual(['holds', 'holds', 'holds', 'holds']);
});

test('table 4: tuned with and without the target class', () => {
  const study = (unseen: readonly OutcomeRates[]): CellOutcome[] => [
    ...classified('badclip', 'none', three(99, 90)),
    ...classified('badclip', 'rvpt', three(2, 90)),
    ...classified('badclip', 'without the target class', unseen, { method: 'rvpt', withoutTarget: true }),
  ];
  expect(verdictsOf(table4, study(three(3, 89)))).toEqual(['holds', 'holds', 'holds']);
  expect(verdictsOf(table4, study(three(30, 89)))).toEqual(['does not hold', 'does not hold', 'holds']);
  expect(verdictsOf(table4, study([]))).toEqual(['cannot be told', 'cannot be told', 'cannot be told']);
  expect(tablesOf(table4, study(three(3, 89)))[0].rows.map((row) => row[1])).toMatchObject([
    { text: '2.0 ± 0.0 (90.0 ± 0.0)', published: '2.76 (61.81)' },
    { text: '3.0 ± 0.0 (89.0 ± 0.0)', published: '3.39 (61.89)' },
  ]);
});

test('table 5: by what was measured, whatever it is called', () => {
  const study = (asr: number, ca: number): CellOutcome[] => [
    ...classified('badnet', 'none', three(80, 95), {}, 'pets'),
    ...classified('badnet', 'rvpt', three(asr, ca), {}, 'pets'),
  ];
  expect(verdictsOf(table5, study(1, 93))).toEqual(['holds', 'holds', 'holds']);
  expect(verdictsOf(table5, study(85, 60))).toEqual(['does not hold', 'does not hold', 'does not hold']);
  const [table] = tablesOf(table5, study(1, 93));
  expect(table.title).toBe('Measured on: pets');
  expect(table.rows[1][1]).toMatchObject({ text: '1.0 ± 0.0 (93.0 ± 0.0)', best: true });
});

test('table 6: every domain for itself', () => {
  const domain = (label: string, badnet: number, badclip: number): CellOutcome[] => [
    ...classified('badnet', 'none', three(80, 60), {}, label),
    ...classified('badclip', 'none', three(80, 60), {}, label),
    ...classified('badnet', 'rvpt', three(badnet, 60), {}, label),
    ...classified('badclip', 'rvpt', three(badclip, 60), {}, label),
  ];
  const good = [...domain('one', 1, 5), ...domain('two', 2, 12)];
  expect(verdictsOf(table6, good)).toEqual(['holds', 'holds', 'holds']);
  const bad = [...domain('one', 1, 5), ...domain('two', 30, 12)];
  expect(verdictsOf(table6, bad)).toEqual(['holds', 'does not hold', 'does not hold']);
  expect(texts(tablesOf(table6, good)[0]).map((row) => row.slice(0, 2))).toEqual([
    ['one', 'no defense'],
    ['one', 'RVPT'],
    ['two', 'no defense'],
    ['two', 'RVPT'],
  ]);
});
