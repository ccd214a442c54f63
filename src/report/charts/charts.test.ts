import { compile } from 'vega-lite';
import { describe, expect, test, vi } from 'vitest';

import { ablation, embeddings, prByBlock, rates } from '../../../test/support/charts.js';
import { blockSchema, type Chart } from '../document.js';
import { drawForFile, drawForPage } from '../draw-chart.js';
import { light } from '../palette.js';
import { barsWithIntervals } from './bars.js';
import { seriesLooks } from './chart.js';
import { curveChart } from './curve.js';
import { scatterChart } from './scatter.js';

const charts = [ablation(), prByBlock(), rates(), embeddings()];

const legends: Readonly<Record<string, readonly string[]>> = {
  Shots: ['badnet', 'blended'],
  'gaussian noise': ['CLIP', 'VPT', 'RVPT'],
  'ASR by attack': ['none', 'CleanCLIP', 'RVPT'],
  'No defense': ['apple', 'pear', 'plum', 'clean', 'with the trigger'],
};

describe.each(charts)('the chart "$title"', (chart) => {
  test('is taken by Vega-Lite without a warning', () => {
    const said = vi.spyOn(console, 'warn').mockReturnValue();
    compile(chart.spec);
    expect(said.mock.calls).toEqual([]);
    said.mockRestore();
  });

  test('is plain JSON that draws the same again', async () => {
    const figure = { kind: 'figure', id: 'a', caption: '', charts: [chart] };
    const read = blockSchema.parse(JSON.parse(JSON.stringify(figure)));
    const [again] = read.kind === 'figure' ? read.charts : [];
    expect(await drawForFile(again)).toBe(await drawForFile(chart));
  });

  test('leaves no colour to chance: those of the page in a page, plain ones in a file', async () => {
    const { content } = await drawForPage(chart);
    expect(content).not.toMatch(/(?:fill|stroke)="(?:#|rgb|black|steelblue)/);
    const file = await drawForFile(chart);
    expect(file).not.toContain('var(');
    const known = [...Object.values(light), 'none', 'transparent'];
    for (const [, colour] of file.matchAll(/(?:fill|stroke)="([^"]*)"/g)) expect(known).toContain(colour);
    expect(file).toContain(chart.title);
  });

  test('names everything that its legend has to', async () => {
    const { content } = await drawForPage(chart);
    for (const label of legends[chart.title]) expect(content).toContain(`>${label}<`);
  });
});

/** What the compiled chart says of its horizontal axis. */
function horizontal(chart: ReturnType<typeof curveChart>): string | undefined {
  return compile(chart.spec).spec.scales?.find(({ name }) => name === 'x')?.type;
}

test.each([
  ['shots', [1, 2, 4, 8, 16, 32], undefined, 'log'],
  ['prompt tokens', [1, 5, 10, 25, 50], undefined, 'log'],
  ['depths', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], undefined, 'linear'],
  ['margins', [-1, -0.5, 0, 0.5, 1], undefined, 'linear'],
  ['values with a 0 among them', [0, 1, 10, 100], true, 'linear'],
  ['two values', [1, 100], undefined, 'linear'],
  ['two values, asked to', [1, 100], true, 'log'],
] as const)('the axis of %s %j, log asked for: %s, is %s', (_, places, log, type) => {
  const points = places.map((x) => ({ x, value: 0.5 }));
  const chart = curveChart({
    title: 'a',
    x: { title: 'x', ...(log === undefined ? {} : { log }) },
    y: { title: 'y', unit: 'number' },
    curves: [{ label: 'one', points }],
  });
  expect(horizontal(chart)).toBe(type);
});

test('a few places have bars for intervals, many a band, values without an interval neither', async () => {
  const marks = async (chart: Chart): Promise<string[]> => {
    const { content } = await drawForPage(chart);
    return [...new Set(Array.from(content.matchAll(/class="mark-(\w+) role-mark layer/g), ([, mark]) => mark))].sort();
  };
  expect(await marks(ablation())).toEqual(['line', 'rule', 'symbol']);
  expect(await marks(prByBlock())).toEqual(['area', 'line', 'symbol']);
  const bare = { label: 'one', points: [{ x: 1, value: 2 }] };
  const chart = curveChart({ title: 'a', x: { title: 'x' }, y: { title: 'y', unit: 'number' }, curves: [bare] });
  expect(await marks(chart)).toEqual(['line', 'symbol']);
});

test('words and tables say what is drawn', () => {
  const [shots, , bars, points] = charts;
  expect(shots.description).toBe(
    'ASR by images a class. badnet: from 40.0 % at 1 to 4.0 % at 16; blended: from 60.0 % at 1 to 10.0 % at 16.',
  );
  expect(shots.table.head).toEqual(['images a class', 'badnet', 'blended']);
  expect(shots.table.rows[1]).toEqual([2, '20.0 % (18.0 % – 22.0 %)', '50.0 % (48.0 % – 52.0 %)']);
  expect(bars.description).toContain('badnet none 97.0 %; badnet CleanCLIP 30.0 %; badnet RVPT 2.0 %');
  expect(bars.table).toEqual({
    head: ['attack', 'defense', 'ASR', '95 % interval', 'published'],
    rows: [
      ['badnet', 'none', '97.0 %', '95.0 % – 99.0 %', '82.7 %'],
      ['badnet', 'CleanCLIP', '30.0 %', '–', '–'],
      ['badnet', 'RVPT', '2.0 %', '0.0 % – 5.0 %', '0.1 %'],
      ['blended', 'none', '90.0 %', '80.0 % – 96.0 %', '–'],
      ['blended', 'CleanCLIP', '20.0 %', '10.0 % – 30.0 %', '–'],
      ['blended', 'RVPT', '5.0 %', '1.0 % – 9.0 %', '–'],
    ],
  });
  expect(points.table.rows[0]).toEqual(['apple', 'clean', 12]);
});

test('a place that one curve lacks is left open in the table', () => {
  const curve = (label: string, ...places: number[]) => ({ label, points: places.map((x) => ({ x, value: x / 2 })) });
  const { table } = curveChart({
    title: 'a',
    x: { title: 'x' },
    y: { title: 'y', unit: 'number' },
    curves: [curve('one', 1, 3), curve('two', 2, 3)],
  });
  expect(table.rows).toEqual([
    [1, '0.5', ''],
    [2, '', '1'],
    [3, '1.5', '1.5'],
  ]);
});

test('no two of the first eight series look alike without colours', () => {
  const looks = Array.from({ length: 8 }, (_, i) => JSON.stringify(seriesLooks(i)));
  expect(new Set(looks).size).toBe(8);
});

test('nothing to draw is a mistake of the caller', () => {
  const y = { title: 'y', unit: 'number' } as const;
  expect(() => curveChart({ title: 'a', x: { title: 'x' }, y, curves: [] })).toThrow(RangeError);
  const twice = { label: 'one', points: [{ x: 1, value: 1 }] };
  expect(() => curveChart({ title: 'a', x: { title: 'x' }, y, curves: [twice, twice] })).toThrow('its own label');
  const names = { group: 'g', series: 's' };
  expect(() => barsWithIntervals({ title: 'a', value: y, names, bars: [] })).toThrow('no bars');
  const scatter = { title: 'a', description: 'b', groups: ['g'], kinds: ['k'] };
  expect(() => scatterChart({ ...scatter, points: [] })).toThrow('no points');
  expect(() => scatterChart({ ...scatter, points: [{ x: 0, y: 0, group: 'h', kind: 'k' }] })).toThrow('not listed');
});

test('a figure that asks for data elsewhere gets none', async () => {
  const chart = rates();
  const spec = { ...chart.spec, data: { url: 'https://example.org/data.json' } };
  await expect(drawForFile({ ...chart, spec })).rejects.toThrow('asks for "https://example.org/data.json"');
});
