import { expect, test } from 'vitest';

import { comparison } from '../../test/support/report-data.js';
import type { RunRecord } from '../run/read-run.js';
import type { HistoryEntry } from '../run/schema.js';
import { reportDataSchema } from './report-data.js';
import { reportOfRuns } from './report-of-runs.js';

const sha256 = 'a'.repeat(64);

function record(folder: string, changes: Partial<RunRecord['config']> = {}, measured = true): RunRecord {
  return {
    folder,
    config: {
      ...{ format: 'rvpt-run-1', created: '2026-01-02T03:04:05.000Z', method: 'rvpt', seed: 0, execution: {} },
      settings: { alpha: 2, depth: 3 },
      model: { path: 'models/bad', sha256 },
      data: { path: 'data/train', sha256 },
      versions: { rvpt: '0.1.0', onnxruntime: '1', node: '20', platform: 'linux-x64' },
      ...changes,
    },
    samples: {
      classes: ['apple', 'banana'],
      samples: [
        { image: 'b.png', label: 1 },
        { image: 'a.png', label: 0 },
        { image: 'c.png', label: 1 },
      ],
    },
    history: [],
    metrics: undefined,
    evaluation: measured ? comparison() : undefined,
  };
}

test('runs become models, in their order, named by their attack or else by their folder', () => {
  const data = reportOfRuns([record('runs/one'), record('runs/two/', {}, false)], 'A title');
  expect(reportDataSchema.parse(JSON.parse(JSON.stringify(data)))).toEqual(data);
  expect(data.title).toBe('A title');
  expect(data.models.map(({ name, run }) => [name, run])).toEqual([
    ['badnet', 'runs/one'],
    ['two', 'runs/two/'],
  ]);
  expect(data.models[0].comparison).toEqual(comparison());
  expect(data.models[1].comparison).toBeUndefined();
  expect(data.models[0].provenance.samples).toEqual([
    { class: 'apple', images: ['a.png'] },
    { class: 'banana', images: ['b.png', 'c.png'] },
  ]);
});

test('models of one attack are told apart by their folders', () => {
  const { models } = reportOfRuns([record('runs/one'), record('runs/two')]);
  expect(models.map(({ name }) => name)).toEqual(['badnet (one)', 'badnet (two)']);
});

test('… by as much of the path as it takes', () => {
  const { models } = reportOfRuns([record('a/x/run'), record('a/y/run/'), record('b\\y\\other')]);
  expect(models.map(({ name }) => name)).toEqual(['badnet (x/run)', 'badnet (y/run)', 'badnet (other)']);
});

const vpt = { method: 'vpt', settings: { alpha: 2, depth: 3 } };
const elsewhere = { path: 'elsewhere', sha256: 'b'.repeat(64) };

test('plain VPT on the same images with the same settings is the control, whatever its alpha', () => {
  const { models } = reportOfRuns([record('runs/vpt', { ...vpt, settings: { depth: 3 } }), record('runs/rvpt')]);
  expect(models.map(({ run, control }) => [run, control?.run, control?.method])).toEqual([
    ['runs/rvpt', 'runs/vpt', 'vpt'],
  ]);
});

test.each([
  ['tuned with another seed', record('runs/vpt', { ...vpt, seed: 1 })],
  ['tuned with other settings', record('runs/vpt', { ...vpt, settings: { alpha: 2, depth: 6 } })],
  ['tuned on other images', record('runs/vpt', { ...vpt, data: elsewhere })],
  ['of another model', record('runs/vpt', { ...vpt, model: elsewhere })],
  ['not measured', record('runs/vpt', vpt, false)],
  ['measured under another attack', { ...record('runs/vpt', vpt), evaluation: comparison('pear') }],
  [
    'measured on other images',
    { ...record('runs/vpt', vpt), evaluation: { ...comparison(), data: { ...comparison().data, ...elsewhere } } },
  ],
  [
    'measured in fewer ways',
    { ...record('runs/vpt', vpt), evaluation: { ...comparison(), resistivity: { n: 64, perturbations: [] } } },
  ],
])('a run of VPT is no control, but a model of its own, when it was %s', (_, candidate) => {
  const { models } = reportOfRuns([record('runs/rvpt'), candidate]);
  expect(models.map(({ run, control }) => [run, control])).toEqual([
    ['runs/rvpt', undefined],
    ['runs/vpt', undefined],
  ]);
});

test('long histories become means of neighbouring steps', () => {
  const history = Array.from({ length: 1001 }, (_, i): HistoryEntry => {
    const step = i + 1;
    return { step, epoch: 0, loss: step, ce: 2 * step, fr: -step, learning_rate: 0.5 };
  });
  const [{ history: curve }] = reportOfRuns([{ ...record('runs/one'), history }]).models;
  // 1001 steps in points of 3: 333 whole ones and one of 2
  expect(curve.stepsPerPoint).toBe(3);
  expect(curve.points).toHaveLength(334);
  expect(curve.points[0]).toEqual({ step: 3, loss: 2, ce: 4, fr: -2, learningRate: 0.5 });
  expect(curve.points[333]).toEqual({ step: 1001, loss: 1000.5, ce: 2001, fr: -1000.5, learningRate: 0.5 });
  const short = reportOfRuns([{ ...record('runs/one'), history: history.slice(0, 2) }]).models[0].history;
  expect(short.points.map(({ loss }) => loss)).toEqual([1, 2]);
});
