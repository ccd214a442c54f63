import { describe, expect, test } from 'vitest';

import { corpusBleu } from './bleu.js';

const words = (text: string): string[] => text.toLowerCase().split(' ');

/** Example 1 of Papineni et al., 2002. */
const guide = {
  first: words('It is a guide to action which ensures that the military always obeys the commands of the party'),
  second: words('It is to insure the troops forever hearing the activity guidebook that party direct'),
  references: [
    words('It is a guide to action that ensures that the military will forever heed Party commands'),
    words(
      'It is the guiding principle which guarantees the military forces always being under the command of the Party',
    ),
    words('It is the practical guide for the army always to heed the directions of the party'),
  ],
};

describe('published examples', () => {
  test('modified precisions of both candidates', () => {
    const { references } = guide;
    const [first, second] = [guide.first, guide.second].map(
      (candidate) => corpusBleu([{ words: candidate, references }]).precisions,
    );
    expect(first.slice(0, 2)).toEqual([17 / 18, 10 / 17]);
    expect(second.slice(0, 2)).toEqual([8 / 14, 1 / 13]);
  });

  test('a word counts no more often than a reference has it', () => {
    const references = [words('The cat is on the mat'), words('There is a cat on the mat')];
    const { precisions } = corpusBleu([{ words: words('the the the the the the the'), references }]);
    expect(precisions).toEqual([2 / 7, 0, 0, 0]);
  });
});

test('the score is the geometric mean, and not penalised for length where a reference is as long', () => {
  // by hand: 3-grams 7 of 16, 4-grams 4 of 15; the candidate has 18 words, and so has the second reference
  const { score, precisions, brevityPenalty } = corpusBleu([{ words: guide.first, references: guide.references }]);
  expect(precisions.slice(2)).toEqual([7 / 16, 4 / 15]);
  expect(brevityPenalty).toBe(1);
  expect(score).toBeCloseTo(((17 / 18) * (10 / 17) * (7 / 16) * (4 / 15)) ** 0.25, 14); // 0.5046
});

test('matches and n-grams are summed over the corpus before they are divided', () => {
  const pairs = [
    { words: words('a b c d e'), references: [words('a b c d x')] }, // 4/5, 3/4, 2/3, 1/2
    { words: words('p q r s'), references: [words('p q r s')] }, // 4/4, 3/3, 2/2, 1/1
  ];
  const { score, precisions } = corpusBleu(pairs);
  expect(precisions).toEqual([8 / 9, 6 / 7, 4 / 5, 2 / 3]);
  expect(score).toBeCloseTo(((8 / 9) * (6 / 7) * (4 / 5) * (2 / 3)) ** 0.25, 14);
});

test('short captions pay: exp(1 − r / c) over the whole corpus', () => {
  const reference = words('a b c d e f');
  const { brevityPenalty, score } = corpusBleu([{ words: words('a b c d'), references: [reference] }]);
  expect(brevityPenalty).toBeCloseTo(Math.exp(1 - 6 / 4), 14);
  expect(score).toBeCloseTo(Math.exp(-0.5), 14);
  // a longer one elsewhere makes up for it: c = 4 + 8, r = 6 + 6
  const long = { words: words('a b c d e f g h'), references: [reference] };
  expect(corpusBleu([{ words: words('a b c d'), references: [reference] }, long]).brevityPenalty).toBe(1);
});

test('the nearest length counts, and of two as near the shorter', () => {
  const of = (...lengths: number[]): string[][] => lengths.map((length) => Array<string>(length).fill('a'));
  const four = words('a a a a');
  expect(corpusBleu([{ words: four, references: of(9, 5, 1) }]).brevityPenalty).toBeCloseTo(Math.exp(1 - 5 / 4), 14);
  expect(corpusBleu([{ words: four, references: of(6, 2) }]).brevityPenalty).toBe(1);
});

test('add-one smoothing leaves single words alone and keeps the score from 0', () => {
  const caption = { words: words('a b x c'), references: [words('a b c d')] };
  // words 3 of 4; pairs 1 of 3, triples 0 of 2, fours 0 of 1
  expect(corpusBleu([caption]).score).toBe(0);
  const { precisions, score } = corpusBleu([caption], 'add-one');
  expect(precisions).toEqual([3 / 4, 2 / 4, 1 / 3, 1 / 2]);
  expect(score).toBeCloseTo(((3 / 4) * (2 / 4) * (1 / 3) * (1 / 2)) ** 0.25, 14);
});

test('captions without words score 0; nothing to score is a mistake', () => {
  expect(corpusBleu([{ words: [], references: [['a']] }])).toMatchObject({ score: 0, brevityPenalty: 0 });
  expect(() => corpusBleu([])).toThrow('no captions');
  expect(() => corpusBleu([{ words: ['a'], references: [] }])).toThrow('no references');
});
