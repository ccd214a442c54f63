import type { CellOutcome } from '../../experiment/grid.js';
import type { Block, Finding } from '../../report/document.js';
import { examplesOf, isAnswer, meanOverExamples, type Card } from '../attention.js';
import { namesIn } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import type { PaperItem } from '../item.js';
import { findingOf, isAtLeast } from '../verdicts.js';

/** Images that are shown with every trigger. */
const SHOWN = 3;

export const figure6: PaperItem = {
  name: 'figure6',
  title: 'Figure 6: the triggers',
  question: 'What do images with each trigger look like, and what do the attacked models take them for?',
  grids: ['figure6'],
  layout,
  findings,
};

function layout(outcomes: readonly CellOutcome[]): Block[] {
  const cards = namesIn(outcomes, 'attack').flatMap((attack): Card[] => {
    const { target, examples } = examplesOf(outcomes, { attack, method: 'none' });
    const shown = examples.slice(0, SHOWN);
    if (shown.length === 0) return [];
    return [
      {
        title: titleOf(attack),
        target,
        pictures: shown.flatMap(({ label, clean, triggered }) => [
          { caption: label, png: clean.png },
          { caption: `${label}, with the trigger`, png: triggered.png },
        ]),
        answers: shown.map(({ label, triggered: { answer } }) => ({
          label: `${label}, with the trigger`,
          top: answer.top,
        })),
      },
    ];
  });
  if (cards.length === 0) return [];
  const caption = 'Pictures are what the attacked model sees, after resize and crop; answers are its own.';
  return [{ kind: 'gallery', caption, cards }];
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const taken = (attack: string) =>
    meanOverExamples(outcomes, { attack, method: 'none' }, ({ triggered }, target) => isAnswer(triggered, target));
  return [
    findingOf(
      'Undefended, the attacked models take more than half of the triggered images for the target.',
      namesIn(outcomes, 'attack').map((attack) => isAtLeast(taken(attack), 0.5, 'percent')),
    ),
  ];
}
