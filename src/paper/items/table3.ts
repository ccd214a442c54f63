import type { CellOutcome } from '../../experiment/grid.js';
import type { Block, Finding } from '../../report/document.js';
import { titleOf } from '../../report/title-of.js';
import { namesIn } from '../cells.js';
import { boldCaption, estimateEntry, intervalCaption } from '../estimates.js';
import { figureTable } from '../figure-table.js';
import type { PaperItem } from '../item.js';
import { publishedAt } from '../published.js';
import { publishedPoisonedAccuracy } from '../published/table3.js';
import { ratesOf } from '../rates.js';
import { findingOf, isAbove, isBelow, isBelowOrTied, type Named } from '../verdicts.js';

const defenses = ['none', 'cleanclip', 'linear-probe', 'rvpt'] as const;
const CLEAN = 'clean+';
type Row = 'clean' | (typeof defenses)[number];

export const table3: PaperItem = {
  name: 'table3',
  title: 'Table 3: poisoned accuracy',
  question:
    'How many triggered images are still given their true class, and how near is that to a model nobody attacked?',
  grids: ['table3-attacked', 'table3'],
  layout,
  findings,
};

function attacksIn(outcomes: readonly CellOutcome[]): string[] {
  return namesIn(outcomes, 'attack').filter((attack) => !attack.startsWith(CLEAN));
}

function titleOfRow(row: Row): string {
  return row === 'clean' ? 'clean model' : titleOf(row);
}

/** PA of a model that was attacked or, in the first row, of the one that was not, with the same trigger. */
function poisonedAccuracy(outcomes: readonly CellOutcome[], row: Row, attack: string): Named {
  const choice = row === 'clean' ? { attack: `${CLEAN}${attack}`, defense: 'none' } : { attack, defense: row };
  return { name: `${titleOf(attack)}, ${titleOfRow(row)}: PA`, repetitions: ratesOf(outcomes, choice).pa };
}

function layout(outcomes: readonly CellOutcome[]): Block[] {
  const columns = attacksIn(outcomes).map((attack) => ({
    label: titleOf(attack),
    better: 'higher' as const,
    entryOf: (row: Row) =>
      estimateEntry(
        poisonedAccuracy(outcomes, row, attack).repetitions,
        'percent',
        publishedAt(publishedPoisonedAccuracy, row, attack)?.toFixed(2),
      ),
  }));
  return [
    figureTable<Row>({
      caption: `PA in %: the share of triggered images, those of the target class included, given their true class. ${intervalCaption} ${boldCaption} The clean model takes no part in that.`,
      names: [{ label: 'model', nameOf: titleOfRow }],
      columns,
      groups: [['clean'], [...defenses]],
    }),
  ];
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const attacks = attacksIn(outcomes);
  const of = (row: Row, attack: string): Named => poisonedAccuracy(outcomes, row, attack);
  return [
    findingOf(
      'A backdoor takes the triggered images away: PA without a defense is below the clean model’s.',
      attacks.map((attack) => isBelow(of('none', attack), of('clean', attack), 'percent')),
    ),
    findingOf(
      'RVPT’s PA is the highest of all defenses, or tied with the highest.',
      attacks.flatMap((attack) =>
        (['none', 'cleanclip', 'linear-probe'] as const).map((defense) =>
          isBelowOrTied(of(defense, attack), of('rvpt', attack), 'percent'),
        ),
      ),
    ),
    findingOf(
      'RVPT brings PA back to within 5 points of the clean model’s, or above it.',
      attacks.map((attack) => isAbove(of('rvpt', attack), of('clean', attack), 'percent', -0.05)),
    ),
    findingOf(
      'CleanCLIP and the linear probe bring back less of it where the attack is BadCLIP than where it is BadNet.',
      (['cleanclip', 'linear-probe'] as const).map((defense) =>
        isBelow(of(defense, 'badclip'), of(defense, 'badnet'), 'percent'),
      ),
    ),
  ];
}
