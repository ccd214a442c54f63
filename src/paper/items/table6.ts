import type { CellOutcome } from '../../experiment/grid.js';
import type { Block, Finding } from '../../report/document.js';
import { measuresIn, namesIn } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import { boldCaption, intervalCaption, ratesEntry } from '../estimates.js';
import { figureTable } from '../figure-table.js';
import type { PaperItem } from '../item.js';
import { publishedTableOf } from '../published.js';
import { publishedDomains } from '../published/table6.js';
import { namedRate, ratesOf } from '../rates.js';
import { findingOf, isAtMost, isBelow, isBelowOrTied } from '../verdicts.js';

export const table6: PaperItem = {
  name: 'table6',
  title: 'Table 6: domains that it was not tuned on',
  question: 'Does RVPT, tuned on images of one kind, still defend on images of the same classes in another?',
  note: 'The paper’s domains are four variants of ImageNet, whose figures stand in a table of their own.',
  worldNote:
    'The domains are styles of drawing, none of them like one of the paper’s: one that no model was trained on, and line drawings ' +
    'in one ink.',
  grids: ['table6'],
  layout,
  findings,
};

function layout(outcomes: readonly CellOutcome[]): Block[] {
  return [
    figureTable({
      caption: `ASR (CA) in %. ${intervalCaption} ${boldCaption} Best among the two of a domain.`,
      names: [
        { label: 'domain', nameOf: ({ measure }: Row) => measure },
        { label: 'defense', nameOf: ({ defense }: Row) => titleOf(defense) },
      ],
      columns: namesIn(outcomes, 'attack').map((attack) => ({
        label: titleOf(attack),
        better: 'lower' as const,
        entryOf: ({ defense, measure }: Row) => ratesEntry(ratesOf(outcomes, { attack, defense }, measure)),
      })),
      groups: measuresIn(outcomes).map((measure) =>
        namesIn(outcomes, 'defense').map((defense): Row => ({ measure, defense })),
      ),
    }),
    publishedTableOf('The paper’s figures for RVPT', publishedDomains, (domain) => domain, titleOf),
  ];
}

interface Row {
  readonly measure: string;
  readonly defense: string;
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const attacks = namesIn(outcomes, 'attack');
  const domains = measuresIn(outcomes).map((measure) => namedRate(outcomes, measure));
  return [
    findingOf(
      'RVPT lowers the ASR in every domain.',
      domains.flatMap((of) =>
        attacks.map((attack) => isBelow(of('asr', attack, 'rvpt'), of('asr', attack, 'none'), 'percent')),
      ),
    ),
    findingOf(
      'It leaves an ASR of 15 % at most in every domain.',
      domains.flatMap((of) => attacks.map((attack) => isAtMost(of('asr', attack, 'rvpt'), 0.15, 'percent'))),
    ),
    findingOf(
      'After RVPT, BadCLIP’s ASR is the highest of all attacks in every domain, or tied with the highest.',
      domains.flatMap((of) =>
        attacks
          .filter((attack) => attack !== 'badclip')
          .map((attack) => isBelowOrTied(of('asr', attack, 'rvpt'), of('asr', 'badclip', 'rvpt'), 'percent')),
      ),
    ),
  ];
}
