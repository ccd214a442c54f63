import type { CellOutcome } from '../../experiment/grid.js';
import { perturbations } from '../../evaluation/perturbation/perturbations.js';
import type { Block, Finding } from '../../report/document.js';
import type { PaperItem } from '../item.js';
import { deepPr, prChart, shallowPr, type PrSeries } from '../resistivity.js';
import { findingOf, isAbove, isBelow } from '../verdicts.js';

const clip: PrSeries = { label: 'CLIP', choice: { attack: 'badnet', method: 'none' } };
const vpt: PrSeries = { label: 'VPT', choice: { attack: 'badnet', method: 'vpt' } };
const rvpt: PrSeries = { label: 'RVPT', choice: { attack: 'badnet', method: 'rvpt' } };
const labelsOnly: PrSeries = { label: 'ViT, labels only', choice: { zoo: 'labels only', method: 'none' } };

export const figure1: PaperItem = {
  name: 'figure1',
  title: 'Figure 1: perturbation resistivity under natural perturbations',
  question: 'How far do small changes of an image move the class token, block by block?',
  note: 'CLIP, and what was tuned of it, is the model attacked by BadNet, without its trigger.',
  worldNote: 'The transformer trained with labels only has the same size and saw the emoji world.',
  grids: ['figure1', 'figure1-labels'],
  layout,
  findings,
};

function layout(outcomes: readonly CellOutcome[]): Block[] {
  const charts = perturbations.flatMap(({ name }) =>
    prChart(outcomes, name.replaceAll('-', ' '), name, [clip, vpt, rvpt, labelsOnly]),
  );
  if (charts.length === 0) return [];
  const caption =
    'PR after each block, a mean over images and seeds; bands are 95 % intervals over seeds. 1 is a class token that does not move.';
  return [{ kind: 'figure', id: 'pr-natural', caption, charts }];
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const under = <Part>(decide: (perturbation: string) => Part): Part[] => perturbations.map(({ name }) => decide(name));
  const named = (perturbation: string, series: PrSeries, of: typeof deepPr) => {
    const { name, repetitions } = of(outcomes, series, perturbation);
    return { name: `${perturbation}: ${name}`, repetitions };
  };
  const deep = (perturbation: string, series: PrSeries) => named(perturbation, series, deepPr);
  return [
    findingOf(
      'CLIP’s deep blocks resist less than its first: PR falls with depth.',
      under((name) => isBelow(deep(name, clip), named(name, clip, shallowPr), 'number')),
    ),
    findingOf(
      'A transformer trained with labels only resists more than CLIP in the deeper half of its blocks.',
      under((name) => isAbove(deep(name, labelsOnly), deep(name, clip), 'number')),
    ),
    findingOf(
      'RVPT raises PR above CLIP’s and VPT’s in the deeper half of the blocks.',
      under((name) => [
        isAbove(deep(name, rvpt), deep(name, clip), 'number'),
        isAbove(deep(name, rvpt), deep(name, vpt), 'number'),
      ]).flat(),
    ),
  ];
}
