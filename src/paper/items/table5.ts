import type { CellOutcome } from '../../experiment/grid.js';
import type { Block, Finding } from '../../report/document.js';
import { measuresIn, namesIn } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import { boldCaption, intervalCaption, ratesEntry } from '../estimates.js';
import { figureTable } from '../figure-table.js';
import type { PaperItem } from '../item.js';
import { publishedCrossDataset } from '../published/table5.js';
import { namedRate, ratesOf } from '../rates.js';
import { findingOf, isAbove, isAtMost, isBelow } from '../verdicts.js';

const { asr, ca } = publishedCrossDataset;

export const table5: PaperItem = {
  name: 'table5',
  title: 'Table 5: data that it was not tuned on',
  question: 'Does RVPT, tuned on one data set, still defend on another with other classes?',
  note: `The paper tunes on ImageNet and measures on Caltech101 and OxfordPets: ASR ${asr.join(' to ')} %, CA ${ca.join(' to ')} %. A target that the other data lack is one more name to choose.`,
  worldNote: 'Tuned on task A of the emoji world and measured on task B, which lacks the target.',
  grids: ['table5'],
  layout,
  findings,
};

function layout(outcomes: readonly CellOutcome[]): Block[] {
  return measuresIn(outcomes).map((measure) =>
    figureTable({
      title: `Measured on: ${measure}`,
      caption: `ASR (CA) in %. ${intervalCaption} ${boldCaption}`,
      names: [{ label: 'defense', nameOf: titleOf }],
      columns: namesIn(outcomes, 'attack').map((attack) => ({
        label: titleOf(attack),
        better: 'lower' as const,
        entryOf: (defense: string) => ratesEntry(ratesOf(outcomes, { attack, defense }, measure)),
      })),
      groups: [namesIn(outcomes, 'defense')],
    }),
  );
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const everywhere = measuresIn(outcomes).flatMap((measure) =>
    namesIn(outcomes, 'attack').map((attack) => ({ of: namedRate(outcomes, measure), attack })),
  );
  return [
    findingOf(
      'On data that it was not tuned on, RVPT lowers the ASR.',
      everywhere.map(({ of, attack }) => isBelow(of('asr', attack, 'rvpt'), of('asr', attack, 'none'), 'percent')),
    ),
    findingOf(
      'It leaves an ASR of 5 % at most.',
      everywhere.map(({ of, attack }) => isAtMost(of('asr', attack, 'rvpt'), 0.05, 'percent')),
    ),
    findingOf(
      'Clean accuracy is within 5 points of that without a defense, or above it.',
      everywhere.map(({ of, attack }) => isAbove(of('ca', attack, 'rvpt'), of('ca', attack, 'none'), 'percent', -0.05)),
    ),
  ];
}
