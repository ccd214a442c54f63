import type { CellOutcome } from '../../experiment/grid.js';
import type { Block, Finding } from '../../report/document.js';
import { examplesOf, isAnswer, meanOverExamples, type Card } from '../attention.js';
import { namesIn } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import type { PaperItem } from '../item.js';
import { findingOf, isAbove, isBelow } from '../verdicts.js';

/** Images of every attack that are shown. */
const SHOWN = 2;

export const figure9: PaperItem = {
  name: 'figure9',
  title: 'Figure 9: answers to triggered images',
  question: 'What is an image with each trigger taken for before RVPT, and after?',
  grids: ['figure9'],
  layout,
  findings,
};

function layout(outcomes: readonly CellOutcome[]): Block[] {
  const cards = namesIn(outcomes, 'attack').flatMap((attack): Card[] => {
    const { target, examples } = examplesOf(outcomes, { attack, method: 'none' });
    const after = examplesOf(outcomes, { attack, method: 'rvpt' }).examples;
    return examples.slice(0, SHOWN).map(({ image, label, triggered }) => {
      const defended = after.find((example) => example.image === image);
      return {
        title: `${titleOf(attack)}: ${label}`,
        truth: label,
        target,
        pictures: [{ caption: 'with the trigger', png: triggered.png }],
        answers: [
          { label: titleOf('none'), top: triggered.answer.top },
          ...(defended === undefined ? [] : [{ label: titleOf('rvpt'), top: defended.triggered.answer.top }]),
        ],
      };
    });
  });
  return cards.length === 0 ? [] : [{ kind: 'gallery', caption: 'The three likeliest classes.', cards }];
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const attacks = namesIn(outcomes, 'attack');
  const right = (attack: string, method: string) =>
    meanOverExamples(outcomes, { attack, method }, ({ label, triggered }) => isAnswer(triggered, label));
  const fooled = (attack: string, method: string) =>
    meanOverExamples(outcomes, { attack, method }, ({ triggered }, target) => isAnswer(triggered, target));
  return [
    findingOf(
      'After RVPT fewer of the triggered images that are shown are taken for the target.',
      attacks.map((attack) => isBelow(fooled(attack, 'rvpt'), fooled(attack, 'none'), 'percent')),
    ),
    findingOf(
      'After RVPT more of them are taken for what they show.',
      attacks.map((attack) => isAbove(right(attack, 'rvpt'), right(attack, 'none'), 'percent')),
    ),
  ];
}
