import { describe, expect, test } from 'vitest';

import {
  madeAttention,
  madeClassification,
  madeEmbeddings,
  madeOutcome,
  madeResistivity,
} from '../../../test/support/paper-outcomes.js';
import { perturbations } from '../../evaluation/perturbation/perturbations.js';
import type { CellOutcome } from '../../experiment/grid.js';
import { reportDocumentSchema, type Block, type DocumentFigure, type DocumentGallery } from '../../report/document.js';
import type { PaperItem } from '../item.js';
import { figure1 } from './figure1.js';
import { figure3 } from './figure3.js';
import { figure4 } from './figure4.js';
import { figure5 } from './figure5.js';
import { figure6 } from './figure6.js';
import { figure7 } from './figure7.js';
import { figure8 } from './figure8.js';
import { figure9 } from './figure9.js';

const seeds = [0, 1, 2];
const holds = 'holds';
const not = 'does not hold';
const unknown = 'cannot be told';

const verdictsOf = (item: PaperItem, outcomes: readonly CellOutcome[]): string[] =>
  item.findings(outcomes).map(({ verdict }) => verdict);

/** Blocks of a document that can be drawn. */
function checked(blocks: readonly Block[]): readonly Block[] {
  const section = { id: 'a', heading: 'a', blocks: [...blocks] };
  const document = { format: 'rvpt-document-1', title: 'a', sections: [section], provenance: [] };
  return reportDocumentSchema.parse(document).sections[0].blocks;
}
const figuresOf = (blocks: readonly Block[]): DocumentFigure[] =>
  checked(blocks).flatMap((block) => (block.kind === 'figure' ? [block] : []));
const cardsOf = (blocks: readonly Block[]): DocumentGallery['cards'] =>
  checked(blocks).flatMap((block) => (block.kind === 'gallery' ? block.cards : []));

test.each([figure1, figure3, figure4, figure5, figure6, figure7, figure8, figure9])(
  '$name without measurements is empty, and tells nothing',
  (item) => {
    expect(item.layout([])).toEqual([]);
    expect(new Set(verdictsOf(item, []))).toEqual(new Set([unknown]));
    const failed = madeOutcome({ attack: 'badnet', method: 'rvpt' }, {});
    expect(item.layout([failed])).toEqual([]);
    expect(new Set(verdictsOf(item, [failed]))).toEqual(new Set([unknown]));
  },
);

describe('PR by block', () => {
  const names = [...perturbations.map(({ name }) => name), 'trigger'];
  /** PR after 0 … 4 blocks: those of the deeper half are the last two. */
  const outcomes = (deep: Readonly<Record<string, number>>, attacks = ['badnet']): CellOutcome[] => [
    ...attacks.flatMap((attack) =>
      Object.entries(deep).flatMap(([method, pr]) =>
        method === 'labels'
          ? []
          : seeds.map((seed) =>
              // the mean of the deeper half is pr, whatever its ends
              madeOutcome(
                { attack, method, seed },
                { resistivity: madeResistivity(names, [1, 0.9, 0.9, pr + 0.05, pr - 0.05]) },
              ),
            ),
      ),
    ),
    ...('labels' in deep
      ? [
          madeOutcome(
            { zoo: 'labels only', attack: 'clean', method: 'none' },
            { resistivity: madeResistivity(names, [1, 0.9, 0.9, deep['labels'], deep['labels']]) },
          ),
        ]
      : []),
  ];
  const good = { none: 0.4, vpt: 0.5, rvpt: 0.8, labels: 0.7 };

  test('figure 1 has a chart a perturbation with a curve a model', () => {
    const [{ charts }] = figuresOf(figure1.layout(outcomes(good)));
    expect(charts).toHaveLength(perturbations.length);
    expect(charts[0].table.head).toEqual(['blocks', 'CLIP', 'VPT', 'RVPT', 'ViT, labels only']);
    expect(charts[0].table.rows[4]).toEqual([
      4,
      '0.35 (0.35 – 0.35)',
      '0.45 (0.45 – 0.45)',
      '0.75 (0.75 – 0.75)',
      '0.7',
    ]);
  });

  test.each<[string, Readonly<Record<string, number>>, string[]]>([
    ['as in the paper', {}, [holds, holds, holds]],
    ['CLIP resists', { none: 0.95 }, [not, not, not]],
    ['labels do not help', { labels: 0.3 }, [holds, not, holds]],
    ['VPT does as well', { vpt: 0.9 }, [holds, holds, not]],
  ])('findings of figure 1 where %s', (_, changed, verdicts) => {
    expect(verdictsOf(figure1, outcomes({ ...good, ...changed }))).toEqual(verdicts);
  });

  test('without the transformer that learnt labels only its own finding cannot be told', () => {
    const others = { none: 0.4, vpt: 0.5, rvpt: 0.8 };
    expect(verdictsOf(figure1, outcomes(others))).toEqual([holds, unknown, holds]);
  });

  test.each([figure7, figure8])('$name has a chart a trigger, and compares with CLIP and with VPT', (item) => {
    const attacks = ['blended', 'wanet'];
    const models = { none: 0.4, vpt: 0.5, rvpt: 0.8 };
    const [{ charts }] = figuresOf(item.layout(outcomes(models, attacks)));
    expect(charts.map(({ title }) => title)).toEqual(['Blended', 'WaNet']);
    expect(verdictsOf(item, outcomes(models, attacks))).toEqual([holds, holds]);
    expect(verdictsOf(item, outcomes({ ...models, none: 0.9 }, attacks))).toEqual([not, holds]);
    expect(verdictsOf(item, outcomes({ ...models, vpt: 0.9 }, attacks))).toEqual([holds, not]);
    expect(verdictsOf(item, outcomes({ none: 0.4, rvpt: 0.8 }, attacks))).toEqual([holds, unknown]);
  });
});

describe('figure 3', () => {
  type Rates = readonly [asr: number, ca: number];
  /** By setting, value and attack. */
  type Ablation = Readonly<Record<string, readonly (readonly [value: number, badnet: Rates, badclip: Rates])[]>>;
  const both = (value: number, asr: number, ca: number) => [value, [asr, ca], [asr, ca]] as const;
  const good: Ablation = {
    shots: [
      [1, [1, 80], [40, 80]],
      [4, [1, 85], [20, 85]],
      [16, [0, 90], [2, 90]],
    ],
    alpha: [both(0, 90, 92), both(8, 2, 90), both(32, 0, 80)],
    tokens: [both(5, 2, 90), both(64, 1, 90)],
    depth: [both(0, 1, 90), both(4, 30, 90)],
    blocks: [both(2, 50, 90), both(4, 9, 90)],
    margin: [both(-1, 0, 80), both(0.15, 2, 90), both(1, 90, 92)],
  };
  const outcomes = (ablation: Ablation): CellOutcome[] =>
    Object.entries(ablation).flatMap(([setting, values]) =>
      values.flatMap(([value, badnet, badclip]) =>
        Object.entries({ badnet, badclip }).flatMap(([attack, [asr, ca]]) =>
          seeds.map((seed) =>
            madeOutcome(
              { attack, method: 'rvpt', defense: `rvpt ${setting}=${value}`, varied: { [setting]: value }, seed },
              { classification: madeClassification(asr, ca) },
            ),
          ),
        ),
      ),
    );
  const all = Array<string>(9).fill(holds);
  const but = (...places: readonly number[]): string[] => all.map((verdict, i) => (places.includes(i) ? not : verdict));

  test('a figure a setting with charts of ASR and CA, a curve an attack', () => {
    const undefended = ['badnet', 'badclip'].map((attack) =>
      madeOutcome({ attack, method: 'none' }, { classification: madeClassification(99, 91) }),
    );
    const figures = figuresOf(figure3.layout([...undefended, ...outcomes(good)]));
    expect(figures.map(({ id }) => id)).toEqual(Object.keys(good).map((setting) => `ablation-${setting}`));
    const [{ charts, caption }] = figures;
    expect(caption).toContain('Without a defense, ASR (CA) in %: BadNet 99.0 (91.0), BadCLIP 99.0 (91.0).');
    expect(charts.map(({ title }) => title)).toEqual(['ASR by shots', 'CA by shots']);
    expect(charts[0].table.rows).toEqual([
      [1, '1.0 % (1.0 % – 1.0 %)', '40.0 % (40.0 % – 40.0 %)'],
      [4, '1.0 % (1.0 % – 1.0 %)', '20.0 % (20.0 % – 20.0 %)'],
      [16, '0.0 % (0.0 % – 0.0 %)', '2.0 % (2.0 % – 2.0 %)'],
    ]);
  });

  test.each<[string, Ablation, string[]]>([
    ['as in the paper', {}, all],
    ['one shot is not enough', { shots: [[1, [20, 80], [40, 80]], both(16, 0, 90)] }, but(0)],
    ['one shot ends BadCLIP', { shots: [both(1, 1, 80), both(16, 0, 90)] }, but(1)],
    [
      'no shots end BadCLIP',
      {
        shots: [
          [1, [1, 80], [40, 80]],
          [16, [0, 90], [9, 90]],
        ],
      },
      but(1),
    ],
    ['repelling raises ASR', { alpha: [both(0, 1, 92), both(32, 9, 80)] }, but(2)],
    ['repelling raises CA', { alpha: [both(0, 9, 80), both(32, 1, 92)] }, but(3)],
    ['five tokens are too few', { tokens: [both(5, 30, 90), both(64, 1, 90)] }, but(4)],
    ['the last blocks do better', { depth: [both(0, 30, 90), both(4, 1, 90)] }, but(5)],
    ['a margin lowers ASR', { margin: [both(-1, 9, 80), both(1, 1, 92)] }, but(7)],
    ['a margin lowers CA', { margin: [both(-1, 1, 92), both(1, 9, 80)] }, but(8)],
    ['the first blocks do better', { blocks: [both(2, 3, 90), both(4, 1, 90)] }, but(6)],
  ])('findings where %s', (_, changed, verdicts) => {
    expect(verdictsOf(figure3, outcomes({ ...good, ...changed }))).toEqual(verdicts);
  });

  test('a setting of which one value was tried tells no trend', () => {
    const single = outcomes({ ...good, alpha: [both(8, 2, 90)], depth: [both(0, 1, 90)] });
    expect(verdictsOf(figure3, single)).toEqual([
      holds,
      holds,
      unknown,
      unknown,
      holds,
      unknown,
      unknown,
      holds,
      holds,
    ]);
  });
});

describe('attention', () => {
  const [clean, elsewhere] = [
    [0.5, 0, 0, 0],
    [0, 0, 0, 0.25],
  ];
  const outcomes = (before: [string, number[]], after?: [string, number[]]): CellOutcome[] =>
    ['badnet', 'badclip'].flatMap((attack) => [
      madeOutcome({ attack, method: 'none' }, { attention: madeAttention(...before) }),
      ...(after === undefined ? [] : [madeOutcome({ attack, method: 'rvpt' }, { attention: madeAttention(...after) })]),
    ]);
  const good = outcomes(['target', elsewhere], ['apple', clean]);
  const alone = outcomes(['target', elsewhere]);
  const swapped = outcomes(['apple', clean], ['target', elsewhere]);

  test('figure 4 shows maps before and after, and tells how far they move', () => {
    const cards = cardsOf(figure4.layout(good));
    expect(cards).toHaveLength(8);
    expect(cards[0].pictures.map(({ caption, attention }) => [caption, attention])).toEqual([
      ['no defense, clean', clean],
      ['no defense, with the trigger', elsewhere],
      ['RVPT, clean', clean],
      ['RVPT, with the trigger', clean],
    ]);
    const [{ verdict, why }] = figure4.findings(good);
    expect(verdict).toBe(holds);
    expect(why).toContain('BadNet, RVPT 0.00, BadNet, no defense 1.00');
    expect(verdictsOf(figure4, swapped)).toEqual([not]);
    expect(verdictsOf(figure4, alone)).toEqual([unknown]);
  });

  test('figure 6 shows each trigger, and what it is taken for', () => {
    const cards = cardsOf(figure6.layout(alone));
    expect(cards.map(({ title, pictures }) => [title, pictures.length])).toEqual([
      ['BadNet', 6],
      ['BadCLIP', 6],
    ]);
    expect(verdictsOf(figure6, alone)).toEqual([holds]);
    expect(verdictsOf(figure6, swapped)).toEqual([not]);
  });

  test('figure 9 shows answers before and after', () => {
    const [card] = cardsOf(figure9.layout(good));
    expect(card).toMatchObject({ title: 'BadNet: apple', truth: 'apple', target: 'target' });
    expect(card.answers.map(({ label, top }) => [label, top[0].class])).toEqual([
      ['no defense', 'target'],
      ['RVPT', 'apple'],
    ]);
    expect(verdictsOf(figure9, good)).toEqual([holds, holds]);
    expect(verdictsOf(figure9, swapped)).toEqual([not, not]);
    expect(verdictsOf(figure9, outcomes(['target', clean], ['pear', clean]))).toEqual([holds, unknown]);
    expect(verdictsOf(figure9, alone)).toEqual([unknown, unknown]);
  });
});

describe('figure 5', () => {
  const outcomes = (before: [number, number | null], after: [number, number | null]): CellOutcome[] => [
    madeOutcome({ attack: 'badnet', method: 'none' }, { embeddings: madeEmbeddings(...before) }),
    madeOutcome({ attack: 'badnet', method: 'rvpt' }, { embeddings: madeEmbeddings(...after) }),
  ];

  test('a map a defense, and in words who lies next to whom', () => {
    const [{ charts }] = figuresOf(figure5.layout(outcomes([0.1, 0.9], [0.8, 0.05])));
    expect(charts.map(({ description }) => description)).toEqual([
      'no defense. Of the images with the trigger, 10 % lie nearest to the clean images of their own class, 90 % nearest to those of target.',
      'RVPT. Of the images with the trigger, 80 % lie nearest to the clean images of their own class, 5 % nearest to those of target.',
    ]);
    expect(charts[0].table.rows).toHaveLength(6);
  });

  test.each<[[number, number | null], [number, number | null], string[]]>([
    [
      [0.1, 0.9],
      [0.8, 0.05],
      [holds, holds, holds],
    ],
    [
      [0.6, 0.3],
      [0.8, 0.05],
      [not, holds, holds],
    ],
    [
      [0.1, 0.9],
      [0.4, 0.05],
      [holds, not, holds],
    ],
    [
      [0.9, 0.6],
      [0.8, 0.05],
      [holds, holds, not],
    ],
    [
      [0.1, 0.6],
      [0.8, 0.7],
      [holds, holds, not],
    ],
    [
      [0.1, null],
      [0.8, null],
      [unknown, holds, unknown],
    ],
  ])('shares nearest to own class and target %j, after RVPT %j', (before, after, verdicts) => {
    expect(verdictsOf(figure5, outcomes(before, after))).toEqual(verdicts);
  });
});
