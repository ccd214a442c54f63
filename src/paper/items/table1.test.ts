import { describe, expect, test } from 'vitest';

import { classified, outcomeOf, type OutcomeRates } from '../../../test/support/outcomes.js';
import type { CellOutcome } from '../../experiment/grid.js';
import type { DocumentTable, Finding } from '../../report/document.js';
import { table1 } from './table1.js';

type Study = Readonly<Record<string, Readonly<Record<string, readonly OutcomeRates[]>>>>;

const seeds = (asr: number, ca: number): OutcomeRates[] => [
  { asr, ca },
  { asr: asr + 1, ca: ca - 1 },
  { asr: asr + 2, ca: ca + 1 },
];

/** As the paper has it, roughly. */
const asPublished: Study = {
  badnet: {
    none: [
      { asr: 90, ca: 63 },
      { asr: 90, ca: 63 },
      { asr: 90, ca: 63 },
    ],
    cleanclip: seeds(23, 50),
    'linear-probe': seeds(10, 50),
    rvpt: seeds(0, 63),
    vpt: seeds(40, 60),
    'CleanCLIP on few pairs': seeds(50, 50),
  },
  badclip: {
    none: [
      { asr: 99, ca: 61 },
      { asr: 99, ca: 61 },
      { asr: 99, ca: 61 },
    ],
    cleanclip: seeds(80, 50),
    'linear-probe': seeds(90, 50),
    rvpt: seeds(1, 61),
  },
};

function outcomesOf(study: Study): CellOutcome[] {
  return Object.entries(study).flatMap(([attack, defenses]) =>
    Object.entries(defenses).flatMap(([defense, rates]) => classified(attack, defense, rates)),
  );
}

function changed(attack: string, defense: string, rates: readonly OutcomeRates[]): CellOutcome[] {
  return outcomesOf({ ...asPublished, [attack]: { ...asPublished[attack], [defense]: rates } });
}

function finding(outcomes: readonly CellOutcome[], start: string): Finding {
  const [found, ...more] = table1.findings(outcomes).filter(({ claim }) => claim.startsWith(start));
  expect(more).toEqual([]);
  return found;
}

const claims = {
  attacks: 'Without a defense every attack',
  lowers: 'RVPT lowers the ASR',
  lowest: 'RVPT’s ASR is the lowest',
  small: 'RVPT leaves an ASR of 5 %',
  kept: 'RVPT’s clean accuracy is within 2 points',
  more: 'RVPT keeps more clean accuracy',
  outlives: 'BadCLIP outlives',
  repelling: 'It is the repelling',
  data: 'It is the data',
} as const;

describe('the findings of table 1', () => {
  test('hold where everything is as in the paper, each for its figures', () => {
    const verdicts = table1.findings(outcomesOf(asPublished)).map(({ claim, verdict }) => [claim, verdict]);
    // ASR of 1, 2 and 3 %: 2.0 ± 2.5 stays below 5
    expect(verdicts).toHaveLength(Object.keys(claims).length);
    for (const [claim, verdict] of verdicts) {
      // 63, 62, 64 against 63: 0 ± 2.5 points are not within two for sure
      expect([claim, verdict]).toEqual([claim, claim.startsWith(claims.kept) ? 'cannot be told' : 'holds']);
    }
    expect(finding(outcomesOf(asPublished), claims.attacks).why).toMatch(/^BadNet, no defense: ASR 90\.0 ± \d/);
  });

  test.each([
    [claims.attacks, 'badnet', 'none', [{ asr: 20, ca: 63 }]],
    [claims.lowers, 'badnet', 'none', [{ asr: 0, ca: 63 }]],
    [claims.lowest, 'badnet', 'linear-probe', seeds(0, 50)],
    [claims.small, 'badclip', 'rvpt', seeds(20, 61)],
    [claims.kept, 'badnet', 'rvpt', seeds(0, 50)],
    [claims.more, 'badnet', 'cleanclip', seeds(23, 80)],
    [claims.outlives, 'badclip', 'cleanclip', seeds(3, 50)],
    [claims.repelling, 'badnet', 'vpt', seeds(0, 60)],
    [claims.data, 'badnet', 'CleanCLIP on few pairs', seeds(0, 60)],
  ] as const)('"%s…" turns when %s after %s is otherwise', (claim, attack, defense, rates) => {
    // RVPT leaves 20 % of BadNet where the order is asked for, so that something can be lower
    const base =
      claim === claims.lowest || claim === claims.lowers
        ? { ...asPublished['badnet'], rvpt: seeds(20, 63) }
        : asPublished[attack];
    const outcomes = outcomesOf({ ...asPublished, [attack]: { ...base, [defense]: rates } });
    // a control as good as RVPT: the interval of their difference holds 0
    expect(finding(outcomes, claim).verdict).toBe(
      claim === claims.repelling || claim === claims.data ? 'cannot be told' : 'does not hold',
    );
  });

  test('a tie is no defeat, and a seed alone is decided by its images', () => {
    expect(finding(changed('badnet', 'linear-probe', seeds(0, 50)), claims.lowest).verdict).toBe('holds');
    const alone = outcomesOf({ badnet: { none: [{ asr: 90, ca: 63 }], rvpt: [{ asr: 0, ca: 63 }] } });
    expect(finding(alone, claims.small).verdict).toBe('holds'); // 0 of 100: at most 3.7 %
    expect(finding(alone, claims.lowest).verdict).toBe('holds');
  });

  test('cannot be told where cells are missing or failed', () => {
    for (const { verdict } of table1.findings([])) expect(verdict).toBe('cannot be told');
    const failed = outcomeOf({ attack: 'wanet', defense: 'rvpt' }, {}, { failures: ['out of memory'] });
    const { verdict, why } = finding([...outcomesOf(asPublished), failed], claims.small);
    expect(verdict).toBe('cannot be told');
    expect(why).toContain('WaNet, RVPT: ASR: not measured');
  });

  test('leave out the linear probe on TrojVQA, whose text key it cannot read', () => {
    const study: Study = {
      ...asPublished,
      trojvqa: { none: asPublished['badnet']['none'], 'linear-probe': seeds(0, 50), rvpt: seeds(3, 63) },
    };
    const lower = { ...study, trojvqa: { ...study['trojvqa'], rvpt: seeds(30, 63) } };
    expect(finding(outcomesOf(lower), claims.lowest).verdict).toBe('holds');
  });
});

describe('the layout of table 1', () => {
  function tables(outcomes: readonly CellOutcome[]): DocumentTable[] {
    return table1.layout(outcomes).flatMap((block) => (block.kind === 'table' ? [block] : []));
  }

  test('has a row a defense and a column an attack, with the paper’s figure beside', () => {
    const [rates] = tables(outcomesOf(asPublished));
    expect(rates.columns.map(({ label }) => label)).toEqual(['defense', 'BadNet', 'BadCLIP']);
    expect(rates.rows.map(([{ text }]) => text)).toEqual([
      ...['no defense', 'CleanCLIP', 'linear probe', 'RVPT', 'VPT', 'CleanCLIP on few pairs'],
    ]);
    const [none, cleanClip, , rvpt, vpt] = rates.rows;
    expect(none[1]).toMatchObject({ detail: 'one run, ± over images', published: '82.69 (63.04)' });
    // 23, 24 and 25: standard error 1 / √3, t of two degrees 4.30
    expect(cleanClip[1]).toMatchObject({
      text: '24.0 ± 2.5 (50.0 ± 2.5)',
      value: 0.24,
      detail: '3 seeds',
      published: '23.79 (57.91)',
    });
    expect(rvpt[2].published).toBe('2.76 (61.81)');
    expect(vpt[1].published).toBeUndefined();
    expect(vpt[2].text).toBe('–');
  });

  test('marks the best of every attack, and its ties', () => {
    const best = (outcomes: readonly CellOutcome[]): string[] =>
      tables(outcomes)[0].rows.flatMap(([name, badnet]) => (badnet.best === true ? [name.text] : []));
    expect(best(outcomesOf(asPublished))).toEqual(['RVPT']);
    // 3, 4, 5 against 0, 1, 2: ± 2.5 each, so the intervals meet
    expect(best(changed('badnet', 'linear-probe', seeds(3, 50)))).toEqual(['linear probe', 'RVPT']);
  });

  test('tests RVPT against each other defense', () => {
    const [, tests] = tables(outcomesOf(asPublished));
    const row = (figure: string, other: string) =>
      tests.rows.find(([name, against]) => name.text === figure && against.text === other);
    expect(tests.rows).toHaveLength(2 * 5 + 2 * 3);
    expect(
      row('BadNet, ASR', 'CleanCLIP')
        ?.slice(2)
        .map(({ text }) => text),
    ).toEqual(['-23.0 ± 0.0', '< 0.001', '3 of 3']);
    // −88, −89, −90 against none, whose one run has every seed
    expect(row('BadNet, ASR', 'no defense')?.[2].text).toBe('-89.0 ± 2.5');
    expect(row('BadCLIP, ASR', 'VPT')).toBeUndefined();
  });
});
