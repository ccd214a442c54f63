import { pairsOf, differenceOf, type Repetition } from '../evaluation/statistics/estimate.js';
import { holm } from '../evaluation/statistics/holm.js';
import { mcNemar } from '../evaluation/statistics/mcnemar.js';
import { pairedTest, type PairedTest } from '../evaluation/statistics/paired.js';
import type { DocumentTable, TableEntry } from '../report/document.js';
import { estimateText } from './estimates.js';

/** A figure of two defenses on the same images. */
export interface Comparison {
  /** What is compared: `BadNet, ASR`. */
  readonly name: string;
  /** With what: `CleanCLIP`. */
  readonly other: string;
  readonly first: readonly Repetition[];
  readonly second: readonly Repetition[];
}

/** Below this a difference is no chance. */
const LEVEL = 0.05;

/**
 * Tests of a defense against others on the same images: over seeds, and within each seed over images by McNemar's exact
 * test. The p-values of each kind are corrected by Holm across the table.
 * @param subject the defense that all others are compared with
 */
export function significanceTable(subject: string, comparisons: readonly Comparison[]): DocumentTable {
  const overSeeds = comparisons.map(({ first, second }) =>
    pairedTest(pairsOf(first, second).map(([a, b]) => a.value - b.value)),
  );
  const seedPs = corrected(overSeeds.map((test) => (test === undefined ? [] : [test.p])));
  const imagePs = corrected(comparisons.map(withinSeeds));
  return {
    kind: 'table',
    title: `${subject} against each other defense`,
    caption:
      `${subject} less the other, in points, with its 95 % interval. Over seeds: the sign-flip test from six seeds on, else ` +
      'the paired t-test. Within seeds: in how many of them McNemar’s exact test on the same images gives p < 0.05. All ' +
      'p-values are corrected by Holm across the table.',
    columns: [
      { label: 'figure' },
      { label: 'against' },
      { label: 'difference', detail: 'points' },
      { label: 'p over seeds' },
      { label: 'p < 0.05 over images', detail: 'seeds' },
    ],
    rows: comparisons.map(({ name, other, first, second }, i): TableEntry[] => {
      const difference = differenceOf(first, second);
      return [
        { text: name },
        { text: other },
        { text: estimateText(difference, 'percent'), ...(difference && { value: difference.value }) },
        seedEntry(overSeeds[i], seedPs[i].at(0)),
        imageEntry(imagePs[i]),
      ];
    }),
  };
}

function withinSeeds({ first, second }: Comparison): number[] {
  return pairsOf(first, second).flatMap(([a, b]) =>
    a.images === undefined || a.images.length !== b.images?.length
      ? []
      : [
          mcNemar(
            a.images.map((hit) => hit === 1),
            b.images.map((hit) => hit === 1),
          ).p,
        ],
  );
}

/** Holm's correction of all of them together. */
function corrected(groups: readonly (readonly number[])[]): number[][] {
  const all = holm(groups.flat());
  let next = 0;
  return groups.map((group) => group.map(() => all[next++]));
}

function seedEntry(test: PairedTest | undefined, p: number | undefined): TableEntry {
  if (test === undefined || p === undefined) return { text: '–' };
  return { text: pText(p), value: p, detail: test.test };
}

function imageEntry(ps: readonly number[]): TableEntry {
  if (ps.length === 0) return { text: '–' };
  const told = ps.filter((p) => p < LEVEL).length;
  return { text: `${told} of ${ps.length}`, value: told / ps.length };
}

function pText(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}
