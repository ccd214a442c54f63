/** What McNemar's test says of two models on the same images. */
export interface McNemar {
  /** Images that only the first model hits, and only the second. */
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * McNemar's test, exact: of the images on which two models differ, each model should win half (McNemar, 1947; the
 * binomial form).
 * @param first one an image: whether the first model hits it; @param second … the second model, in the same order
 * @throws RangeError when they differ in length
 */
export function mcNemar(first: readonly boolean[], second: readonly boolean[]): McNemar {
  if (first.length !== second.length) throw new RangeError(`McNemar: ${first.length} and ${second.length} images`);
  const onlyFirst = first.filter((hit, i) => hit && !second[i]).length;
  const onlySecond = second.filter((hit, i) => hit && !first[i]).length;
  const n = onlyFirst + onlySecond;
  return { onlyFirst, onlySecond, p: Math.min(1, 2 * lowerTail(Math.min(onlyFirst, onlySecond), n)) };
}

/** P(X ≤ k) for X of n fair coins. */
function lowerTail(k: number, n: number): number {
  // in logarithms: 2⁻ⁿ alone is 0 from 1075 coins on
  let logTerm = -n * Math.LN2;
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= k; i++) {
    logTerm += Math.log((n - i + 1) / i);
    sum += Math.exp(logTerm);
  }
  return sum;
}
