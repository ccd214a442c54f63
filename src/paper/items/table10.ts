import type { CellOutcome } from '../../experiment/grid.js';
import type { Block, Finding } from '../../report/document.js';
import { namesIn } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import { intervalCaption, ratesEntry } from '../estimates.js';
import { figureTable } from '../figure-table.js';
import type { PaperItem } from '../item.js';
import { ratesOf } from '../rates.js';
import { findingOf, isAtMost, isWithin, type Named } from '../verdicts.js';

export const table10: PaperItem = {
  name: 'table10',
  title: 'Table 10: class prompts',
  question: 'Does it matter which hand-written text stands for a class while RVPT tunes and the model classifies?',
  grids: ['table10'],
  layout,
  findings,
};

function layout(outcomes: readonly CellOutcome[]): Block[] {
  return [
    figureTable({
      caption: `RVPT, ASR (CA) in %. ${intervalCaption}`,
      names: [{ label: 'class prompt', nameOf: (prompt: string) => prompt }],
      columns: namesIn(outcomes, 'attack').map((attack) => ({
        label: titleOf(attack),
        entryOf: (defense: string) => ratesEntry(ratesOf(outcomes, { attack, defense })),
      })),
      groups: [namesIn(outcomes, 'defense')],
    }),
  ];
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const attacks = namesIn(outcomes, 'attack');
  const [usual = '', ...others] = namesIn(outcomes, 'defense');
  const of = (figure: 'asr' | 'ca', attack: string, defense: string): Named => ({
    name: `${titleOf(attack)}, “${defense}”: ${figure.toUpperCase()}`,
    repetitions: ratesOf(outcomes, { attack, defense })[figure],
  });
  const within = (figure: 'asr' | 'ca', by: number) =>
    attacks.flatMap((attack) =>
      others.map((defense) => isWithin(of(figure, attack, defense), of(figure, attack, usual), 'percent', by)),
    );
  return [
    findingOf(
      'The prompt matters little for the attack: ASR within 5 points of the usual prompt’s.',
      within('asr', 0.05),
    ),
    findingOf(
      'The prompt matters little for clean images: CA within 2 points of the usual prompt’s.',
      within('ca', 0.02),
    ),
    findingOf(
      'RVPT defends with any of them: ASR of 5 % at most.',
      attacks.flatMap((attack) =>
        namesIn(outcomes, 'defense').map((defense) => isAtMost(of('asr', attack, defense), 0.05, 'percent')),
      ),
    ),
  ];
}
