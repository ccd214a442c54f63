import type { TopLevelSpec } from 'vega-lite';

import { percent } from './format.js';
import type { ReportModel } from './report-data.js';
import { stageKeys, stageLooks, type Stage } from './stages.js';

/** A drawing and what it draws. */
export interface Chart {
  readonly title: string;
  /** In words, for those who cannot see it. */
  readonly description: string;
  /** Complete in itself; colours are left to whoever draws it. */
  readonly spec: TopLevelSpec;
  /** The numbers drawn. */
  readonly table: { readonly head: readonly string[]; readonly rows: readonly (readonly (string | number)[])[] };
}

const $schema = 'https://vega.github.io/schema/vega-lite/v5.json';
const size = { width: 250, height: 150 };

/** As many digits as anyone compares. */
function digits(value: number): string {
  return Number(value.toPrecision(4)).toString();
}

/** At most seven ticks for counts of 0 … `last`, at multiples of 1, 2 or 5 times a power of ten. */
export function wholeTicks(last: number): number[] {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(last / 6)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => last / candidate <= 6) ?? last;
  return Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step);
}

/** PR by block, a chart a perturbation. */
export function resistivityCharts(names: readonly string[], stages: readonly Stage[]): Chart[] {
  const labels = stages.map(({ label }) => label);
  const ofStages = <T>(of: (looks: (typeof stageLooks)[Stage['key']]) => T): { domain: string[]; range: T[] } => ({
    domain: labels,
    range: stages.map(({ key }) => of(stageLooks[key])),
  });
  return names.map((name, i) => {
    const ends = stages.map(
      ({ label, resistivity }) => `${label} ${digits(resistivity[i][resistivity[i].length - 1])}`,
    );
    return {
      title: name,
      description: `Perturbation resistivity under ${name} by block; after the last block: ${ends.join(', ')}.`,
      spec: {
        $schema,
        ...size,
        data: {
          values: stages.flatMap(({ label, resistivity }) =>
            resistivity[i].map((pr, blocks) => ({ blocks, pr, model: label })),
          ),
        },
        encoding: {
          x: {
            field: 'blocks',
            type: 'quantitative',
            title: 'blocks',
            axis: { values: wholeTicks(stages[0].resistivity[i].length - 1), format: 'd' },
          },
          y: { field: 'pr', type: 'quantitative', title: 'PR (cosine)', scale: { zero: false } },
          color: { field: 'model', type: 'nominal', title: 'model', scale: { domain: labels } },
        },
        layer: [
          {
            mark: 'line',
            encoding: {
              strokeDash: { field: 'model', type: 'nominal', scale: ofStages(({ dash }) => [...dash]) },
            },
          },
          {
            mark: { type: 'point', filled: true, opacity: 1, size: 40 },
            encoding: { shape: { field: 'model', type: 'nominal', scale: ofStages(({ shape }) => shape) } },
          },
        ],
      },
      table: {
        head: ['blocks', ...labels],
        rows: stages[0].resistivity[i].map((_, blocks) => [
          blocks,
          ...stages.map(({ resistivity }) => digits(resistivity[i][blocks])),
        ]),
      },
    };
  });
}

const losses = [
  { key: 'loss', axis: 'loss', title: 'Loss' },
  { key: 'ce', axis: 'CE', title: 'CE: cross-entropy' },
  { key: 'fr', axis: 'FR', title: 'FR: cosine to undefended features' },
  { key: 'learningRate', axis: 'learning rate', title: 'Learning rate' },
] as const;

/** Loss, the parts it has and the learning rate by step, a chart each. */
export function lossCharts({ points }: ReportModel['history']): Chart[] {
  const last = points[points.length - 1];
  return losses.flatMap(({ key, axis, title }) => {
    const values = points.flatMap(({ step, [key]: value }) => (value === undefined ? [] : [{ step, value }]));
    if (values.length < points.length) return [];
    return {
      title,
      description: `${title} by step, from ${digits(values[0].value)} to ${digits(values[values.length - 1].value)} at step ${last.step}.`,
      spec: {
        $schema,
        ...size,
        data: { values },
        mark: 'line',
        encoding: {
          x: {
            field: 'step',
            type: 'quantitative',
            title: 'step',
            axis: { values: wholeTicks(last.step), format: 'd' },
          },
          y: { field: 'value', type: 'quantitative', title: axis, scale: { zero: key === 'learningRate' } },
        },
      },
      table: { head: ['step', axis], rows: values.map(({ step, value }) => [step, digits(value)]) },
    };
  });
}

const rates = [
  {
    title: 'Attack success rate (ASR), strict: lower is better',
    of: ({ figures }: Stage) =>
      figures.attacked && [figures.attacked.asr_strict, ...figures.attacked.asr_strict_interval],
  },
  {
    title: 'Accuracy under attack (PA): higher is better',
    of: ({ figures }: Stage) => figures.attacked && [figures.attacked.pa, ...figures.attacked.pa_interval],
  },
  {
    title: 'Clean accuracy (CA): higher is better',
    of: ({ figures }: Stage) => [figures.clean.ca, ...figures.clean.ca_interval],
  },
] as const;

/** The rates of several models side by side, a chart a metric; metrics that no model has are left out. */
export function rateCharts(models: readonly { readonly name: string; readonly stages: readonly Stage[] }[]): Chart[] {
  const present = new Set(models.flatMap(({ stages }) => stages.map(({ key }) => key)));
  const keys = stageKeys.filter((key) => present.has(key));
  return rates.flatMap(({ title, of }) => {
    const values = models.flatMap(({ name, stages }) =>
      stages.flatMap((stage) => {
        const rate = of(stage);
        return rate === undefined
          ? []
          : [{ model: name, stage: stage.key, rate: rate[0], low: rate[1], high: rate[2] }];
      }),
    );
    if (values.length === 0) return [];
    const channel = { field: 'stage', type: 'nominal', sort: null } as const;
    const said = values.map(({ model, stage, rate }) => `${model} ${stage} ${percent(rate)}`);
    return [
      {
        title,
        description: `${title}. ${said.join('; ')}.`,
        spec: {
          $schema,
          width: size.width,
          height: { step: 13 },
          data: { values },
          encoding: {
            y: { field: 'model', type: 'nominal', title: null, sort: null },
            yOffset: { ...channel, scale: { domain: keys } },
            color: { ...channel, scale: { domain: keys } },
          },
          layer: [
            {
              mark: { type: 'rule', strokeWidth: 2 },
              encoding: { x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
            },
            {
              mark: { type: 'point', filled: true, opacity: 1, size: 50 },
              encoding: {
                x: {
                  field: 'rate',
                  type: 'quantitative',
                  title: 'rate',
                  axis: { format: '.0%', tickCount: 5 },
                  scale: { domain: [0, 1] },
                },
                shape: { ...channel, scale: { domain: keys, range: keys.map((key) => stageLooks[key].shape) } },
              },
            },
          ],
        },
        table: {
          head: ['model', 'stage', 'rate', '95 % interval'],
          rows: values.map(({ model, stage, rate, low, high }) => [
            model,
            stage,
            percent(rate),
            `${percent(low)} – ${percent(high)}`,
          ]),
        },
      },
    ];
  });
}
