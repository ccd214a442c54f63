import type { CellOutcome } from '../../experiment/grid.js';
import type { Block, Finding } from '../../report/document.js';
import { namesIn } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import { intervalCaption, ratesEntry } from '../estimates.js';
import { figureTable } from '../figure-table.js';
import type { PaperItem } from '../item.js';
import { publishedAt } from '../published.js';
import { publishedDefenses } from '../published/table1.js';
import { publishedEmergingTarget } from '../published/table4.js';
import { ratesOf } from '../rates.js';
import { findingOf, isAtMost, isWithin, type Named } from '../verdicts.js';

export const table4: PaperItem = {
  name: 'table4',
  title: 'Table 4: a target class that was not there while tuning',
  question: 'Does RVPT defend when no image of the attackers’ class is among those that it learns from?',
  note: `The paper gives BadCLIP’s figures; of all other attacks it says that ASR is ${publishedEmergingTarget.highestOtherAsr} % at most.`,
  grids: ['table4'],
  layout,
  findings,
};

const kinds = [
  { withoutTarget: false, label: 'with the target class' },
  { withoutTarget: true, label: 'without it' },
] as const;
type Kind = (typeof kinds)[number];

function layout(outcomes: readonly CellOutcome[]): Block[] {
  return [
    figureTable<Kind>({
      caption: `RVPT, ASR (CA) in %. ${intervalCaption}`,
      names: [{ label: 'tuned', nameOf: ({ label }) => label }],
      columns: namesIn(outcomes, 'attack').map((attack) => ({
        label: titleOf(attack),
        entryOf: ({ withoutTarget }) =>
          ratesEntry(
            ratesOf(outcomes, { attack, method: 'rvpt', withoutTarget }),
            withoutTarget
              ? attack === 'badclip'
                ? publishedEmergingTarget.badclip
                : undefined
              : publishedAt(publishedDefenses, 'rvpt', attack),
          ),
      })),
      groups: kinds.map((kind) => [kind]),
    }),
  ];
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const attacks = namesIn(outcomes, 'attack');
  const of = (rate: 'asr' | 'ca', attack: string, { withoutTarget, label }: Kind): Named => ({
    name: `${titleOf(attack)}, ${label}: ${rate.toUpperCase()}`,
    repetitions: ratesOf(outcomes, { attack, method: 'rvpt', withoutTarget })[rate],
  });
  const [seen, unseen] = kinds;
  return [
    findingOf(
      'RVPT that never saw the target class leaves an ASR of 5 % at most.',
      attacks.map((attack) => isAtMost(of('asr', attack, unseen), 0.05, 'percent')),
    ),
    findingOf(
      'Not having seen it matters little for the attack: ASR within 2 points.',
      attacks.map((attack) => isWithin(of('asr', attack, unseen), of('asr', attack, seen), 'percent', 0.02)),
    ),
    findingOf(
      'Not having seen it matters little for clean images: CA within 2 points.',
      attacks.map((attack) => isWithin(of('ca', attack, unseen), of('ca', attack, seen), 'percent', 0.02)),
    ),
  ];
}
