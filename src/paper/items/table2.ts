import type { CellOutcome } from '../../experiment/grid.js';
import type { Block, Finding } from '../../report/document.js';
import { namesIn } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import { boldCaption, intervalCaption, ratesEntry } from '../estimates.js';
import { figureTable } from '../figure-table.js';
import type { PaperItem } from '../item.js';
import { publishedAt, publishedTableOf } from '../published.js';
import { publishedDatasets } from '../published/table2.js';
import { namedRate, ratesOf } from '../rates.js';
import { findingOf, isAbove, isAtMost, isBelowOrTied } from '../verdicts.js';

export const table2: PaperItem = {
  name: 'table2',
  title: 'Table 2: other images to learn from and to measure on',
  question: 'Does what table 1 says hold where the few images that are learnt from, and the test, are others?',
  note:
    'The paper has Caltech101 and OxfordPets, each with a target and attacked models of its own. Its figures beside ours are ' +
    'Caltech101’s; those of OxfordPets stand below.',
  worldNote:
    'The models are those of table 1, and the images, few-shot and test, show its classes in a style that none of the models was ' +
    'trained on; a class is one drawing in it, in many scenes.',
  grids: ['table2'],
  layout,
  findings,
};

function layout(outcomes: readonly CellOutcome[]): Block[] {
  const attacks = namesIn(outcomes, 'attack');
  return [
    figureTable({
      caption: `ASR (CA) in %. ${intervalCaption} ${boldCaption}`,
      names: [{ label: 'defense', nameOf: titleOf }],
      columns: attacks.map((attack) => ({
        label: titleOf(attack),
        better: 'lower' as const,
        entryOf: (defense: string) =>
          ratesEntry(
            ratesOf(outcomes, { attack, defense }),
            publishedAt(publishedDatasets.Caltech101, defense, attack),
          ),
      })),
      groups: [namesIn(outcomes, 'defense')],
    }),
    publishedTableOf('The paper’s figures on OxfordPets', publishedDatasets.OxfordPets, titleOf, titleOf),
  ];
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const attacks = namesIn(outcomes, 'attack');
  const others = namesIn(outcomes, 'defense').filter((defense) => defense !== 'rvpt');
  const of = namedRate(outcomes);
  return [
    findingOf(
      'RVPT’s ASR is the lowest or tied with the lowest on every attack.',
      attacks.flatMap((attack) =>
        others.map((defense) => isBelowOrTied(of('asr', attack, 'rvpt'), of('asr', attack, defense), 'percent')),
      ),
    ),
    findingOf(
      'RVPT leaves an ASR of 5 % at most on every attack.',
      attacks.map((attack) => isAtMost(of('asr', attack, 'rvpt'), 0.05, 'percent')),
    ),
    findingOf(
      'RVPT’s clean accuracy is above that without a defense: the few images teach it the data.',
      attacks.map((attack) => isAbove(of('ca', attack, 'rvpt'), of('ca', attack, 'none'), 'percent')),
    ),
    findingOf(
      'RVPT’s clean accuracy is the highest or tied with the highest.',
      attacks.flatMap((attack) =>
        others.map((defense) => isBelowOrTied(of('ca', attack, defense), of('ca', attack, 'rvpt'), 'percent')),
      ),
    ),
  ];
}
