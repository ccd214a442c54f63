import type { Repetition } from '../../evaluation/statistics/estimate.js';
import type { CellCost, CellOutcome } from '../../experiment/grid.js';
import type { Block, Finding } from '../../report/document.js';
import { chooseCells, namesIn } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import { boldCaption, estimateEntry, intervalCaption } from '../estimates.js';
import { figureTable } from '../figure-table.js';
import type { PaperItem } from '../item.js';
import { publishedAt } from '../published.js';
import { publishedCosts } from '../published/table9.js';
import { findingOf, isBelow, type Named, type Part } from '../verdicts.js';

/** What a defense costs, in the unit that it is told in. */
const costs = {
  seconds: { label: 'time', detail: 's', scale: 'number', of: ({ seconds }: CellCost) => seconds },
  memory: {
    label: 'peak memory',
    detail: 'MB, of the whole process',
    scale: 'number',
    of: ({ peakBytes }: CellCost) => peakBytes / 1e6,
  },
  parameters: {
    label: 'parameters',
    detail: 'trained',
    scale: 'count',
    of: ({ trainableParameters }: CellCost) => trainableParameters,
  },
  samples: { label: 'samples', detail: 'images, or pairs', scale: 'count', of: ({ samples }: CellCost) => samples },
} as const;
type CostName = keyof typeof costs;
const costNames = ['seconds', 'memory', 'parameters', 'samples'] as const;

export const table9: PaperItem = {
  name: 'table9',
  title: 'Table 9: what a defense costs',
  question: 'How much time, memory, trained parameters and data does each defense take?',
  note:
    'The paper times one RTX 3090, on ImageNet and CC3M; here it is the processor that the page names. Every ' +
    'defense ran alone. Memory is the largest that the whole process took while it did, what runs before it left there included.',
  grids: ['table9'],
  layout,
  findings,
};

function costsOf(outcomes: readonly CellOutcome[], method: string, name: CostName): Repetition[] {
  return chooseCells(outcomes, { method }).flatMap(({ cell, run, cost }) =>
    cost === undefined ? [] : [{ run, seeds: [cell.seed], value: costs[name].of(cost) }],
  );
}

function layout(outcomes: readonly CellOutcome[]): Block[] {
  return [
    figureTable({
      caption: `Less is better. ${intervalCaption} ${boldCaption}`,
      names: [{ label: 'defense', nameOf: titleOf }],
      columns: costNames.map((name) => ({
        ...{ label: costs[name].label, detail: costs[name].detail, better: 'lower' },
        entryOf: (method: string) =>
          estimateEntry(costsOf(outcomes, method, name), costs[name].scale, publishedAt(publishedCosts, method, name)),
      })),
      groups: [namesIn(outcomes, 'defense')],
    }),
  ];
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const of = (name: CostName, method: string): Named => ({
    name: `${titleOf(method)}: ${costs[name].label}`,
    repetitions: costsOf(outcomes, method, name),
  });
  const share = ({ name, repetitions }: Named, part: number): Named => ({
    name: `${part * 100} % of ${name}`,
    repetitions: repetitions.map((one) => ({ ...one, value: one.value * part })),
  });
  const belowCleanClip = (name: CostName, part = 1): Part =>
    isBelow(
      of(name, 'rvpt'),
      part === 1 ? of(name, 'cleanclip') : share(of(name, 'cleanclip'), part),
      costs[name].scale,
    );
  return [
    findingOf('RVPT takes less time than CleanCLIP.', [belowCleanClip('seconds')]),
    findingOf('RVPT takes less memory than CleanCLIP.', [belowCleanClip('memory')]),
    findingOf('RVPT trains less than 1 % of the parameters that CleanCLIP trains.', [
      belowCleanClip('parameters', 0.01),
    ]),
    findingOf('RVPT learns from less than a tenth of the samples that CleanCLIP takes.', [
      belowCleanClip('samples', 0.1),
    ]),
  ];
}
