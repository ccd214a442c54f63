import type { CellOutcome } from '../../experiment/grid.js';
import { adversarialSchema, type AdversarialResult } from '../../experiment/measurements/adversarial.js';
import type { Block, Finding } from '../../report/document.js';
import { chooseCells, measuredOf, namesIn, repetitionsOf, type Figure } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import { boldCaption, estimateEntry, intervalCaption } from '../estimates.js';
import { figureTable } from '../figure-table.js';
import type { PaperItem } from '../item.js';
import { publishedAt } from '../published.js';
import { publishedAdversarial } from '../published/table12.js';
import { findingOf, isAbove, isWithin, type Named } from '../verdicts.js';

export const table12: PaperItem = {
  name: 'table12',
  title: 'Table 12: adversarial images',
  question: 'Does RVPT resist adversarial images, which is not what it is for?',
  note: 'The adversarial tuning beside it is visual prompt tuning on attacked images; the paper’s is adversarial prompt tuning.',
  grids: ['table12'],
  layout,
  findings,
};

/** Share of images that are answered right, before the attack and after it. */
function accuracy(outcomes: readonly CellOutcome[], method: string, answers: 'predicted' | 'attacked'): Named {
  const figureOf = ({ labels, clean, adversarial, ...result }: AdversarialResult): Figure => ({
    value: (answers === 'predicted' ? clean : adversarial).rate,
    images: labels.map((truth, i) => (result[answers][i] === truth ? 1 : 0)),
  });
  const measured = measuredOf(chooseCells(outcomes, { method }), 'adversarial', adversarialSchema);
  return { name: titleOf(method), repetitions: repetitionsOf(measured, figureOf) };
}

function layout(outcomes: readonly CellOutcome[]): Block[] {
  return [
    figureTable({
      caption: `Accuracy in %, on clean images without a trigger and under PGD of ten steps and 8/255. ${intervalCaption} ${boldCaption}`,
      names: [{ label: 'defense', nameOf: titleOf }],
      columns: [
        {
          ...{ label: 'clean', detail: '%', better: 'higher' },
          entryOf: (method: string) => estimateEntry(accuracy(outcomes, method, 'predicted').repetitions, 'percent'),
        },
        {
          ...{ label: 'PGD-10', detail: '%', better: 'higher' },
          entryOf: (method: string) =>
            estimateEntry(
              accuracy(outcomes, method, 'attacked').repetitions,
              'percent',
              publishedAt(publishedAdversarial, method, 'pgd')?.toFixed(2),
            ),
        },
      ],
      groups: [namesIn(outcomes, 'defense')],
    }),
  ];
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const under = (method: string): Named => accuracy(outcomes, method, 'attacked');
  return [
    findingOf('RVPT gives no robustness to adversarial images: accuracy under PGD within 5 points of no defense.', [
      isWithin(under('rvpt'), under('none'), 'percent', 0.05),
    ]),
    findingOf('Adversarial prompt tuning gives some: accuracy under PGD above that of no defense and of RVPT.', [
      isAbove(under('adversarial-vpt'), under('none'), 'percent'),
      isAbove(under('adversarial-vpt'), under('rvpt'), 'percent'),
    ]),
  ];
}
