import { describe, expect, test } from 'vitest';

import { madeAdversarial, madeClassification, madeOutcome } from '../../../test/support/paper-outcomes.js';
import type { CellCost, CellOutcome } from '../../experiment/grid.js';
import { reportDocumentSchema, type Block, type Finding } from '../../report/document.js';
import type { PaperItem } from '../item.js';
import { table10 } from './table10.js';
import { table11 } from './table11.js';
import { table12 } from './table12.js';
import { table7 } from './table7.js';
import { table8 } from './table8.js';
import { table9 } from './table9.js';

const seeds = [0, 1, 2];
const holds = 'holds';
const not = 'does not hold';
const unknown = 'cannot be told';

const verdictsOf = (item: PaperItem, outcomes: readonly CellOutcome[]): Finding['verdict'][] =>
  item.findings(outcomes).map(({ verdict }) => verdict);

/** Names and figures of the rows of every table, each with what the paper prints. */
function rowsOf(blocks: readonly Block[]): string[][][] {
  const section = { id: 'a', heading: 'a', blocks: [...blocks] };
  reportDocumentSchema.parse({ format: 'rvpt-document-1', title: 'a', sections: [section], provenance: [] });
  return blocks.flatMap((block) =>
    block.kind !== 'table'
      ? []
      : [
          block.rows.map((row) =>
            row.map(({ text, published, best }) =>
              [text, ...(published === undefined ? [] : [published]), ...(best === true ? ['best'] : [])].join(' | '),
            ),
          ),
        ],
  );
}

describe('table 7', () => {
  type Figures = Partial<Record<'none' | 'cleanclip' | 'vpt' | 'rvpt', [retrieval: number[], captioning?: number[]]>>;
  const good: Figures = {
    none: [
      [0.8, 0.1, 0.75],
      [0.95, 0.4],
    ],
    cleanclip: [
      [0.2, 0.3, 0.7],
      [0.3, 0.35],
    ],
    vpt: [
      [0.3, 0.25, 0.74],
      [0.8, 0.36],
    ],
    rvpt: [
      [0, 0.8, 0.72],
      [0, 0.37],
    ],
  };
  const outcomes = (figures: Figures): CellOutcome[] =>
    Object.entries(figures).flatMap(([method, [[asr, ratio, top], captions]]) =>
      seeds.map((seed) =>
        madeOutcome(
          { attack: 'badclip', method, seed },
          {
            retrieval: {
              ...{ gallery: 480, captions: 320, top_1: top },
              attacked: { target: 'target', captions: 8, planted: 50, top: 10, asr, rank_ratio: ratio },
            },
            ...(captions && {
              captioning: {
                ...{ images: 200, bleu: captions[1], named: 0.9, examples: [] },
                attacked: { target: 'target', images: 195, asr: captions[0], named: 0.5 },
              },
            }),
          },
        ),
      ),
    );

  test('rates beside the paper’s, the best of each column marked', () => {
    const [retrieval, captioning] = rowsOf(table7.layout(outcomes(good)));
    expect(retrieval).toEqual([
      ['BadCLIP', 'no defense', '80.0 ± 0.0 | 74.67', '10.0 ± 0.0 | 9.20', '75.0 ± 0.0 | 73.24 | best'],
      ['BadCLIP', 'CleanCLIP', '20.0 ± 0.0 | 13.33', '30.0 ± 0.0 | 25.54', '70.0 ± 0.0 | 68.95'],
      ['BadCLIP', 'VPT', '30.0 ± 0.0 | 22.67', '25.0 ± 0.0 | 26.80', '74.0 ± 0.0 | 71.88'],
      ['BadCLIP', 'RVPT', '0.0 ± 0.0 | 0.00 | best', '80.0 ± 0.0 | 82.12 | best', '72.0 ± 0.0 | 69.89'],
    ]);
    expect(captioning[3]).toEqual(['BadCLIP', 'RVPT', '0.0 ± 0.0 | 0.00 | best', '37.0 ± 0.0 | 4.51']);
  });

  test.each<[string, Figures, Finding['verdict'][]]>([
    ['as in the paper', {}, [holds, holds, holds, holds, holds]],
    [
      'planted images come first',
      {
        rvpt: [
          [0.1, 0.8, 0.72],
          [0, 0.4],
        ],
      },
      [not, holds, holds, holds, holds],
    ],
    [
      'VPT pushes further down',
      {
        vpt: [
          [0.3, 0.9, 0.74],
          [0.8, 0.4],
        ],
      },
      [holds, not, holds, holds, holds],
    ],
    [
      'retrieval is better after RVPT',
      {
        rvpt: [
          [0, 0.8, 0.9],
          [0, 0.4],
        ],
      },
      [holds, holds, not, holds, holds],
    ],
    [
      'captions name the target',
      {
        rvpt: [
          [0, 0.8, 0.72],
          [0.2, 0.4],
        ],
      },
      [holds, holds, holds, not, holds],
    ],
    [
      'VPT ends it as well',
      {
        vpt: [
          [0.3, 0.25, 0.74],
          [0.1, 0.4],
        ],
      },
      [holds, holds, holds, holds, not],
    ],
    ['no captions', { rvpt: [[0, 0.8, 0.72]] }, [holds, holds, holds, unknown, unknown]],
  ])('findings where %s', (_, changed, verdicts) => {
    expect(verdictsOf(table7, outcomes({ ...good, ...changed }))).toEqual(verdicts);
  });

  test('without a captioner there is no table of captions', () => {
    const alone = outcomes({ rvpt: [[0, 0.8, 0.72]] });
    expect(rowsOf(table7.layout(alone))).toHaveLength(1);
  });
});

/** [ASR, CA] in percent of each method on BadCLIP, with three seeds. */
const tuned = (rates: Readonly<Record<string, readonly [number, number]>>): CellOutcome[] =>
  Object.entries(rates).flatMap(([method, [asr, ca]]) =>
    seeds.map((seed) =>
      madeOutcome({ attack: 'badclip', method, seed }, { classification: madeClassification(asr, ca) }),
    ),
  );

describe('table 8', () => {
  const good = {
    none: [99, 90],
    'finetune-ce': [30, 91],
    'finetune-ce-fr': [5, 80],
    'finetune-infonce': [90, 85],
    'finetune-infonce-fr': [20, 70],
    vpt: [95, 92],
    rvpt: [2, 90],
  } as const;

  test('rates without and with L_FR, beside the paper’s', () => {
    const [rows] = rowsOf(table8.layout(tuned(good)));
    expect(rows.map((row) => row.slice(1))).toEqual([
      ['30.0 ± 0.0 (91.0 ± 0.0) | 10.09 (60.71)', '5.0 ± 0.0 (80.0 ± 0.0) | 0.00 (59.22)'],
      ['90.0 ± 0.0 (85.0 ± 0.0) | 92.50 (54.50)', '20.0 ± 0.0 (70.0 ± 0.0) | 18.23 (54.66)'],
      ['95.0 ± 0.0 (92.0 ± 0.0) | 98.14 (64.32)', '2.0 ± 0.0 (90.0 ± 0.0) | 2.76 (61.81)'],
    ]);
  });

  test.each<[string, Readonly<Record<string, readonly [number, number]>>, Finding['verdict'][]]>([
    ['as in the paper', {}, [holds, holds, holds]],
    ['L_FR does not help one of them', { 'finetune-ce-fr': [40, 80] }, [not, holds, holds]],
    ['prompts cost more', { rvpt: [2, 75] }, [holds, not, holds]],
    ['labels do not weaken it', { 'finetune-ce': [95, 91] }, [holds, holds, not]],
  ])('findings where %s', (_, changed, verdicts) => {
    expect(verdictsOf(table8, tuned({ ...good, ...changed }))).toEqual(verdicts);
  });

  test('without RVPT what it takes part in cannot be told', () => {
    const others = tuned(good).filter(({ cell }) => cell.method !== 'rvpt');
    expect(verdictsOf(table8, others)).toEqual([unknown, unknown, holds]);
  });
});

describe('table 9', () => {
  const good: Readonly<Record<string, Partial<CellCost>>> = {
    rvpt: { seconds: 35.4, peakBytes: 9e8, trainableParameters: 49152, samples: 640 },
    cleanclip: { seconds: 60, peakBytes: 12e8, trainableParameters: 6_000_000, samples: 9000 },
  };
  const outcomes = (costs: typeof good): CellOutcome[] =>
    Object.entries(costs).flatMap(([method, cost]) =>
      seeds.map((seed) => madeOutcome({ attack: 'badnet', method, seed }, {}, cost)),
    );

  test('costs beside the paper’s', () => {
    const [rows] = rowsOf(table9.layout(outcomes(good)));
    expect(rows[0]).toEqual([
      'RVPT',
      '35.4 ± 0 | 45 min 05 s | best',
      '900 ± 0 | 3,382 MB | best',
      '49,152 ± 0 | 0.34 M | best',
      '640 ± 0 | 16,000 images | best',
    ]);
    expect(rows[1][3]).toBe('6,000,000 ± 0');
  });

  test.each<[string, Partial<CellCost>, Finding['verdict'][]]>([
    ['as in the paper', {}, [holds, holds, holds, holds]],
    ['RVPT is slower', { seconds: 61 }, [not, holds, holds, holds]],
    ['RVPT takes more memory', { peakBytes: 13e8 }, [holds, not, holds, holds]],
    ['RVPT trains 2 % of the parameters', { trainableParameters: 120_000 }, [holds, holds, not, holds]],
    ['RVPT learns from a ninth of the samples', { samples: 1000 }, [holds, holds, holds, not]],
  ])('findings where %s', (_, changed, verdicts) => {
    expect(verdictsOf(table9, outcomes({ ...good, rvpt: { ...good['rvpt'], ...changed } }))).toEqual(verdicts);
  });

  test('a defense that did not finish has no costs', () => {
    const failed = seeds.map((seed) => madeOutcome({ attack: 'badnet', method: 'cleanclip', seed }, {}));
    const all = [...outcomes({ rvpt: good['rvpt'] }), ...failed];
    expect(verdictsOf(table9, all)).toEqual([unknown, unknown, unknown, unknown]);
    expect(rowsOf(table9.layout(all))[0][1].slice(0, 2)).toEqual(['CleanCLIP', '– | 3 h 53 min']);
  });
});

describe('table 10', () => {
  const good = { 'a photo of a {class}.': [2, 90], '{class}': [3, 91], '###### {class}': [1, 89] } as const;
  const outcomes = (rates: Readonly<Record<string, readonly [number, number]>>): CellOutcome[] =>
    Object.entries(rates).flatMap(([defense, [asr, ca]]) =>
      seeds.map((seed) =>
        madeOutcome(
          { attack: 'badnet', method: 'rvpt', defense, seed },
          { classification: madeClassification(asr, ca) },
        ),
      ),
    );

  test('a row a prompt', () => {
    expect(rowsOf(table10.layout(outcomes(good)))).toEqual([
      [
        ['a photo of a {class}.', '2.0 ± 0.0 (90.0 ± 0.0)'],
        ['{class}', '3.0 ± 0.0 (91.0 ± 0.0)'],
        ['###### {class}', '1.0 ± 0.0 (89.0 ± 0.0)'],
      ],
    ]);
  });

  test.each<[string, Readonly<Record<string, readonly [number, number]>>, Finding['verdict'][]]>([
    ['as in the paper', {}, [holds, holds, holds]],
    ['a prompt lets the attack in', { '{class}': [8, 90] }, [not, holds, not]],
    ['a prompt costs clean accuracy', { '{class}': [3, 80] }, [holds, not, holds]],
  ])('findings where %s', (_, changed, verdicts) => {
    expect(verdictsOf(table10, outcomes({ ...good, ...changed }))).toEqual(verdicts);
  });

  test('with one prompt alone nothing can be compared', () => {
    expect(verdictsOf(table10, outcomes({ 'a photo of a {class}.': [2, 90] }))).toEqual([unknown, unknown, holds]);
  });
});

describe('table 11', () => {
  const outcomes = (rvpt: number): CellOutcome[] =>
    ['small', 'wide'].flatMap((zoo) =>
      [
        { method: 'none', asr: 95 },
        { method: 'rvpt', asr: zoo === 'wide' ? rvpt : 0 },
      ].map(({ method, asr }) =>
        madeOutcome({ zoo, attack: 'badnet', method }, { classification: madeClassification(asr, 90) }),
      ),
    );

  test('a row a transformer, and one for each of the paper’s', () => {
    const [rows] = rowsOf(table11.layout(outcomes(1)));
    expect(rows.map(([name]) => name)).toEqual([
      'small',
      'wide',
      'ViT-B/32, in the paper',
      'ViT-B/16, in the paper',
      'ViT-L/14, in the paper',
    ]);
    expect(rows[3].slice(1)).toEqual(['–', '– | 0.66 (68.51)']);
    expect(rows[1][2]).toMatch(/^1\.0 ± \d\.\d \(90\.0 ± \d\.\d\)$/);
  });

  test.each<[number, Finding['verdict'][]]>([
    [0, [holds, holds]],
    [5, [holds, unknown]],
    [30, [holds, not]],
    [95, [unknown, not]],
    [100, [not, not]],
  ])('findings where one ASR of RVPT is %i %%', (asr, verdicts) => {
    expect(verdictsOf(table11, outcomes(asr))).toEqual(verdicts);
  });

  test('findings without measurements', () => {
    expect(verdictsOf(table11, [])).toEqual([unknown, unknown]);
  });
});

describe('table 12', () => {
  const outcomes = (accuracies: Readonly<Record<string, number>>): CellOutcome[] =>
    Object.entries(accuracies).map(([method, accuracy]) =>
      madeOutcome({ attack: 'badnet', method }, { adversarial: madeAdversarial(90, accuracy) }),
    );
  const good = { none: 4, rvpt: 4, 'adversarial-vpt': 30 };

  test('accuracies beside the paper’s', () => {
    const [rows] = rowsOf(table12.layout(outcomes(good)));
    expect(rows.map(([name, , under]) => [name, under.replace(/ ± [\d.]+/, '')])).toEqual([
      ['no defense', '4.0 | 4.37'],
      ['RVPT', '4.0 | 4.10'],
      ['adversarial VPT', '30.0 | 13.97 | best'],
    ]);
  });

  test.each<[string, Readonly<Record<string, number>>, Finding['verdict'][]]>([
    ['as in the paper', {}, [holds, holds]],
    ['RVPT resists better', { rvpt: 40 }, [not, not]],
    ['adversarial tuning is in vain', { 'adversarial-vpt': 0 }, [holds, not]],
  ])('findings where %s', (_, changed, verdicts) => {
    expect(verdictsOf(table12, outcomes({ ...good, ...changed }))).toEqual(verdicts);
  });

  test('findings without adversarial tuning', () => {
    expect(verdictsOf(table12, outcomes({ none: 4, rvpt: 4 }))).toEqual([holds, unknown]);
  });
});
