/**
 * Holm's correction for many tests (Holm, "A simple sequentially rejective multiple test procedure", 1979): p-values such
 * that those below 0.05 are wrong somewhere in the family with a probability of at most 0.05.
 * @returns in the order given
 */
export function holm(ps: readonly number[]): number[] {
  const corrected = [...ps];
  let largest = 0;
  const byP = ps.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  byP.forEach(({ p, index }, rank) => {
    largest = Math.max(largest, Math.min(1, (ps.length - rank) * p));
    corrected[index] = largest;
  });
  return corrected;
}
