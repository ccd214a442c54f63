/** From large to small: of equals the first is taken. */
const coarseGrid = [1e6, 1e4, 1e2, 1, 1e-2, 1e-4, 1e-6];
/** Values of C that are tried before the range is halved. */
export const coarseTrials = coarseGrid.length;

/**
 * CoOp's search for the C of a logistic regression (lpclip/linear_probe.py): the best of a coarse grid, then, `halvings`
 * times, the better end of a range around it, whose other half is given up. Two trials a halving.
 * @param accuracyAt on images that are not learnt from
 */
export async function searchC(accuracyAt: (c: number) => Promise<number>, halvings: number): Promise<number> {
  let [best, bestAccuracy] = [1, -1];
  for (const c of coarseGrid) {
    const accuracy = await accuracyAt(c);
    if (accuracy > bestAccuracy) [best, bestAccuracy] = [c, accuracy];
  }
  let [left, right] = [Math.log10(best) - 1, Math.log10(best) + 1];
  for (let halving = 0; halving < halvings; halving++) {
    const [atLeft, atRight] = [await accuracyAt(10 ** left), await accuracyAt(10 ** right)];
    best = 10 ** (atLeft < atRight ? right : left);
    if (atLeft < atRight) left = (left + right) / 2;
    else right = (left + right) / 2;
  }
  return best;
}
