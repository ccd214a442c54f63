import type { CellOutcome } from '../../experiment/grid.js';
import { embeddingsSchema, type EmbeddingsResult } from '../../experiment/measurements/embeddings.js';
import { scatterChart } from '../../report/charts/scatter.js';
import type { Block, Chart, Finding } from '../../report/document.js';
import { chooseCells, measuredOf, namesIn, repetitionsOf } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import type { PaperItem } from '../item.js';
import { findingOf, isAbove, isAtLeast, isBelow, type Named } from '../verdicts.js';

const kinds = { clean: 'clean', triggered: 'with the trigger' } as const;

export const figure5: PaperItem = {
  name: 'figure5',
  title: 'Figure 5: embeddings in the plane',
  question: 'Do triggered images lie with the clean ones of their class, or together by themselves?',
  note:
    'A map by t-SNE shows neighbours, not distances, so the findings are decided in all dimensions: by which class’s clean images ' +
    'a triggered one lies nearest to.',
  grids: ['figure5'],
  layout,
  findings,
};

function layout(outcomes: readonly CellOutcome[]): Block[] {
  return namesIn(outcomes, 'attack').flatMap((attack): Block[] => {
    const charts = namesIn(outcomes, 'defense').flatMap((method) => {
      const first = measuredOf(chooseCells(outcomes, { attack, method }), 'embeddings', embeddingsSchema).at(0);
      return first === undefined ? [] : [chartOf(titleOf(method), first.result)];
    });
    if (charts.length === 0) return [];
    const caption = 'Embeddings of the same images without and with the trigger, by t-SNE; colours are classes.';
    return [{ kind: 'figure', id: `embeddings-${attack}`, title: titleOf(attack), caption, charts }];
  });
}

function chartOf(title: string, { points, attacked }: EmbeddingsResult): Chart {
  const share = (value: number): string => `${(100 * value).toFixed(0)} %`;
  const lie = attacked && [
    `${share(attacked.nearest_own)} lie nearest to the clean images of their own class`,
    ...(attacked.nearest_target === null
      ? []
      : [`${share(attacked.nearest_target)} nearest to those of ${attacked.target}`]),
  ];
  return scatterChart({
    title,
    description: `${title}. ${lie === null ? 'No attack.' : `Of the images with the trigger, ${lie.join(', ')}.`}`,
    groups: [...new Set(points.map((point) => point.class))].sort(),
    kinds: Object.values(kinds),
    points: points.map(({ x, y, triggered, ...point }) => ({
      ...{ x, y, group: point.class },
      kind: triggered ? kinds.triggered : kinds.clean,
    })),
  });
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const attacks = namesIn(outcomes, 'attack');
  const nearest = (attack: string, method: string, which: 'nearest_own' | 'nearest_target'): Named => ({
    name: `${titleOf(attack)}, ${titleOf(method)}`,
    repetitions: repetitionsOf(
      measuredOf(chooseCells(outcomes, { attack, method }), 'embeddings', embeddingsSchema),
      ({ attacked }) => attacked?.[which] ?? undefined,
    ),
  });
  return [
    findingOf(
      'Without a defense images with the trigger leave their class: more than half of them lie nearest to the target’s clean images.',
      attacks.map((attack) => isAtLeast(nearest(attack, 'none', 'nearest_target'), 0.5, 'percent')),
    ),
    findingOf(
      'After RVPT clean and triggered images of one class lie together: more than half of the triggered ones lie nearest to their own class.',
      attacks.map((attack) => isAtLeast(nearest(attack, 'rvpt', 'nearest_own'), 0.5, 'percent')),
    ),
    findingOf(
      'RVPT brings triggered images back to their class and away from the target.',
      attacks.flatMap((attack) => [
        isAbove(nearest(attack, 'rvpt', 'nearest_own'), nearest(attack, 'none', 'nearest_own'), 'percent'),
        isBelow(nearest(attack, 'rvpt', 'nearest_target'), nearest(attack, 'none', 'nearest_target'), 'percent'),
      ]),
    ),
  ];
}
