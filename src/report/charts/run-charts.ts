import { $schema, plotSize, shown, wholeTicks } from './chart.js';
import { curveChart } from './curve.js';
import type { Chart } from '../document.js';
import type { ReportModel } from '../report-data.js';
import type { Stage } from '../stages.js';

/** PR by block, a chart a perturbation. */
export function resistivityCharts(names: readonly string[], stages: readonly Stage[]): Chart[] {
  return names.map((name, i) =>
    curveChart({
      title: name,
      x: { title: 'blocks' },
      y: { title: 'PR (cosine)', unit: 'number' },
      curves: stages.map(({ label, resistivity }) => ({
        label,
        points: resistivity[i].map((value, x) => ({ x, value })),
      })),
    }),
  );
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
      description: `${title} by step, from ${shown(values[0].value, 'number')} to ${shown(values[values.length - 1].value, 'number')} at step ${last.step}.`,
      spec: {
        $schema,
        ...plotSize,
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
      table: { head: ['step', axis], rows: values.map(({ step, value }) => [step, shown(value, 'number')]) },
    };
  });
}
