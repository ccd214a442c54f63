import { differenceOf, estimateOf, type Estimate, type Repetition } from '../evaluation/statistics/estimate.js';
import type { Finding } from '../report/document.js';
import { estimateText, type Scale } from './estimates.js';

export type Verdict = Finding['verdict'];

/** One of the comparisons that a finding is decided by. */
export interface Part {
  readonly verdict: Verdict;
  /** Its figures, in words. */
  readonly why: string;
}

/** A figure and what it is called in a sentence. */
export interface Named {
  readonly name: string;
  readonly repetitions: readonly Repetition[];
}

/**
 * Whether the first figure is below the second, by the 95 % interval of their difference: it holds when all of the
 * interval is below 0, does not when all of it is above, and cannot be told when 0 lies within.
 * @param by how far below at least, in the figures' unit
 */
export function isBelow(first: Named, second: Named, scale: Scale, by = 0): Part {
  return compare(first, second, scale, (low, high) => {
    if (high < -by) return 'holds';
    return low > -by ? 'does not hold' : 'cannot be told';
  });
}

/** The same the other way round; a negative `by` allows that much less: `-0.02` for "within two points". */
export function isAbove(first: Named, second: Named, scale: Scale, by = 0): Part {
  return isBelow(second, first, scale, by);
}

/**
 * Whether the first figure is below the second or tied with it: it does not hold only when all of the 95 % interval of
 * their difference is above 0.
 */
export function isBelowOrTied(first: Named, second: Named, scale: Scale): Part {
  return compare(first, second, scale, (low) => (low > 0 ? 'does not hold' : 'holds'));
}

/** Whether two figures differ by less than a bound, whichever is larger. @param by in the figures' unit */
export function isWithin(first: Named, second: Named, scale: Scale, by: number): Part {
  return compare(first, second, scale, (low, high) => {
    if (low > -by && high < by) return 'holds';
    return low >= by || high <= -by ? 'does not hold' : 'cannot be told';
  });
}

/** Whether a figure is at most a bound, by its 95 % interval. @param bound in the figure's unit */
export function isAtMost(figure: Named, bound: number, scale: Scale): Part {
  return bounded(figure, scale, (low, high) =>
    high <= bound ? 'holds' : low > bound ? 'does not hold' : 'cannot be told',
  );
}

/** Whether a figure is at least a bound, by its 95 % interval. @param bound in the figure's unit */
export function isAtLeast(figure: Named, bound: number, scale: Scale): Part {
  return bounded(figure, scale, (low, high) =>
    low >= bound ? 'holds' : high < bound ? 'does not hold' : 'cannot be told',
  );
}

type Decide = (low: number, high: number) => Verdict;

function bounded(figure: Named, scale: Scale, decide: Decide): Part {
  const estimate = estimateOf(figure.repetitions);
  if (estimate === undefined) return missing([figure]);
  return { verdict: decide(...rangeOf(estimate)), why: `${figure.name} ${estimateText(estimate, scale)}` };
}

function compare(first: Named, second: Named, scale: Scale, decide: Decide): Part {
  const difference = differenceOf(first.repetitions, second.repetitions);
  const absent = [first, second].filter(({ repetitions }) => repetitions.length === 0);
  if (difference === undefined) return missing(absent.length > 0 ? absent : [first, second]);
  const mean = ({ repetitions }: Named): string => estimateText(withoutInterval(estimateOf(repetitions)), scale);
  const [low, high] = rangeOf(difference);
  return {
    verdict: decide(low, high),
    why: `${first.name} ${mean(first)}, ${second.name} ${mean(second)}, difference ${estimateText(difference, scale)}`,
  };
}

/** A figure without an interval is taken as it is. */
function rangeOf({ value, interval = [value, value] }: Estimate): readonly [low: number, high: number] {
  return interval;
}

function withoutInterval(estimate: Estimate | undefined): Estimate | undefined {
  return estimate && { value: estimate.value, over: estimate.over, n: estimate.n };
}

function missing(figures: readonly Named[]): Part {
  return { verdict: 'cannot be told', why: `${figures.map(({ name }) => name).join(' and ')}: not measured` };
}

/**
 * A finding that takes all of its parts: one that does not hold decides; without such a one, one that cannot be told, and
 * without any part nothing can be told. The figures told are those of the parts that decide.
 */
export function findingOf(claim: string, parts: readonly Part[]): Finding {
  if (parts.length === 0) return { claim, verdict: 'cannot be told', why: 'Nothing was measured.' };
  const verdict = byWeight.find((candidate) => parts.some((part) => part.verdict === candidate)) ?? 'holds';
  const deciding = parts.filter((part) => part.verdict === verdict);
  const others = byWeight.flatMap((other) => {
    const count = parts.filter((part) => part.verdict === other).length;
    return other === verdict || count === 0 ? [] : [`${other}: ${count} of ${parts.length}`];
  });
  return { claim, verdict, why: `${[...deciding.map(({ why }) => why), ...others].join('; ')}.` };
}

/** What decides before what. */
const byWeight: readonly Verdict[] = ['does not hold', 'cannot be told', 'holds'];
