import { barsWithIntervals } from '../../src/report/charts/bars.js';
import { curveChart, type CurvePoint } from '../../src/report/charts/curve.js';
import { scatterChart, type ScatterPoint } from '../../src/report/charts/scatter.js';
import type { Chart } from '../../src/report/document.js';

function around(x: number, value: number): CurvePoint {
  return { x, value, interval: [value - 0.02, value + 0.02] };
}

/** An ablation: values that grow by factors, each with an interval. */
export function ablation(): Chart {
  return curveChart({
    title: 'Shots',
    x: { title: 'images a class' },
    y: { title: 'ASR', unit: 'rate', domain: [0, 1] },
    curves: [
      { label: 'badnet', points: [around(1, 0.4), around(2, 0.2), around(4, 0.1), around(8, 0.05), around(16, 0.04)] },
      { label: 'blended', points: [around(1, 0.6), around(2, 0.5), around(4, 0.3), around(8, 0.2), around(16, 0.1)] },
    ],
  });
}

/** PR after 0 … 12 blocks of three models, the last of them measured once. */
export function prByBlock(): Chart {
  const points = (fall: number, sure: boolean): CurvePoint[] =>
    Array.from({ length: 13 }, (_, x) => {
      const point = around(x, 1 - fall * (x / 12) ** 2);
      return sure ? point : { x, value: point.value };
    });
  return curveChart({
    title: 'gaussian noise',
    x: { title: 'blocks' },
    y: { title: 'PR (cosine)', unit: 'number' },
    curves: [
      { label: 'CLIP', points: points(0.5, true) },
      { label: 'VPT', points: points(0.4, true) },
      { label: 'RVPT', points: points(0.1, false) },
    ],
  });
}

/** Two attacks under three defenses; one figure has no interval, two have a published one. */
export function rates(): Chart {
  return barsWithIntervals({
    title: 'ASR by attack',
    value: { title: 'ASR', unit: 'rate' },
    names: { group: 'attack', series: 'defense' },
    bars: [
      { group: 'badnet', series: 'none', value: 0.97, interval: [0.95, 0.99], published: 0.8269 },
      { group: 'badnet', series: 'CleanCLIP', value: 0.3 },
      { group: 'badnet', series: 'RVPT', value: 0.02, interval: [0, 0.05], published: 0.0005 },
      { group: 'blended', series: 'none', value: 0.9, interval: [0.8, 0.96] },
      { group: 'blended', series: 'CleanCLIP', value: 0.2, interval: [0.1, 0.3] },
      { group: 'blended', series: 'RVPT', value: 0.05, interval: [0.01, 0.09] },
    ],
  });
}

/** Three classes and their triggered images, which lie together. */
export function embeddings(): Chart {
  const classes = ['apple', 'pear', 'plum'];
  const points = classes.flatMap((group, i) =>
    Array.from({ length: 12 }, (_, j): ScatterPoint[] => [
      { x: 10 * Math.cos(i * 2) + Math.cos(j), y: 10 * Math.sin(i * 2) + Math.sin(j), group, kind: 'clean' },
      { x: Math.cos(j + i) / 2, y: Math.sin(j + i) / 2, group, kind: 'with the trigger' },
    ]).flat(),
  );
  return scatterChart({
    title: 'No defense',
    description: 'Images with the trigger lie together, whatever they show; clean ones by class.',
    groups: classes,
    kinds: ['clean', 'with the trigger'],
    points,
  });
}
