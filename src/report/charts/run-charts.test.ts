import { compile } from 'vega-lite';
import { expect, test, vi } from 'vitest';

import { reportModel } from '../../../test/support/report-data.js';
import type { Chart } from '../document.js';
import { wholeTicks } from './chart.js';
import { lossCharts, resistivityCharts } from './run-charts.js';
import { stagesOf } from '../stages.js';

const model = reportModel();
const withControl = reportModel({
  control: { method: 'vpt', run: 'vpt', comparison: reportModel().comparison ?? fail() },
});

function fail(): never {
  throw new Error('the model of these tests is measured');
}

const charts: Chart[] = [
  ...lossCharts(model.history),
  ...resistivityCharts(['gaussian-noise', 'badnet'], stagesOf(withControl)),
];

test.each(charts)('Vega-Lite takes the chart "$title" without a warning', ({ spec }) => {
  const said = vi.spyOn(console, 'warn').mockReturnValue();
  compile(spec);
  expect(said.mock.calls).toEqual([]);
  said.mockRestore();
  expect(spec.$schema).toBe('https://vega.github.io/schema/vega-lite/v5.json');
});

test.each([
  [1, [0, 1]],
  [2, [0, 1, 2]],
  [7, [0, 2, 4, 6]],
  [12, [0, 2, 4, 6, 8, 10, 12]],
  [24, [0, 5, 10, 15, 20]],
  [80, [0, 20, 40, 60, 80]],
  [25000, [0, 5000, 10000, 15000, 20000, 25000]],
])('the axis of %i steps has whole ticks', (last, ticks) => {
  expect(wholeTicks(last)).toEqual(ticks);
});

test('tables hold what is drawn', () => {
  const tables = charts.map(({ title, table }) => [title, table] as const);
  expect(Object.fromEntries(tables)).toMatchObject({
    'CE: cross-entropy': {
      head: ['step', 'CE'],
      rows: [
        [1, '1'],
        [2, '0.5'],
        [3, '0.3333'],
      ],
    },
    badnet: {
      head: ['blocks', 'before', 'after RVPT', 'after VPT (control)'],
      rows: [
        [0, '1', '1', '1'],
        [1, '0.6', '0.9', '0.9'],
        [2, '0.4', '0.85', '0.85'],
      ],
    },
  });
});
