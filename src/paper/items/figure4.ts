import type { CellOutcome } from '../../experiment/grid.js';
import type { Block, Finding } from '../../report/document.js';
import { attentionShift, examplesOf, meanOverExamples, type Card, type TriggeredExample } from '../attention.js';
import { namesIn } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import type { PaperItem } from '../item.js';
import { findingOf, isBelow } from '../verdicts.js';

/** Images of every attack that are shown. */
const SHOWN = 4;

export const figure4: PaperItem = {
  name: 'figure4',
  title: 'Figure 4: attention maps',
  question:
    'Where does the class token look in the last block, without the trigger and with it, before RVPT and after?',
  grids: ['figure4'],
  layout,
  findings,
};

function layout(outcomes: readonly CellOutcome[]): Block[] {
  const caption =
    'The last block’s attention of the class token to each patch, a mean over heads, each map scaled to its own largest value.';
  return namesIn(outcomes, 'attack').flatMap((attack): Block[] => {
    const { target, examples } = examplesOf(outcomes, { attack, method: 'none' });
    const after = examplesOf(outcomes, { attack, method: 'rvpt' }).examples;
    const cards = examples.slice(0, SHOWN).map((example) =>
      cardOf(
        example,
        after.find(({ image }) => image === example.image),
        target,
      ),
    );
    return cards.length === 0 ? [] : [{ kind: 'gallery', title: titleOf(attack), caption, cards }];
  });
}

function cardOf(before: TriggeredExample, after: TriggeredExample | undefined, target: string): Card {
  const stages = [
    { label: titleOf('none'), example: before },
    ...(after === undefined ? [] : [{ label: titleOf('rvpt'), example: after }]),
  ];
  return {
    title: before.label,
    truth: before.label,
    target,
    pictures: stages.flatMap(({ label, example: { clean, triggered } }) => [
      { caption: `${label}, clean`, png: clean.png, attention: clean.answer.attention },
      { caption: `${label}, with the trigger`, png: triggered.png, attention: triggered.answer.attention },
    ]),
    answers: stages.map(({ label, example: { triggered } }) => ({
      label: `${label}, with the trigger`,
      top: triggered.answer.top,
    })),
  };
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const shift = (attack: string, method: string) => meanOverExamples(outcomes, { attack, method }, attentionShift);
  return [
    findingOf(
      'After RVPT the trigger moves attention less: the share that goes to other patches when it comes falls.',
      namesIn(outcomes, 'attack').map((attack) => isBelow(shift(attack, 'rvpt'), shift(attack, 'none'), 'cosine')),
    ),
  ];
}
