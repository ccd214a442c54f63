/** A share of images. */
export interface Rate {
  /** Images that count. */
  readonly hits: number;
  /** Images looked at. */
  readonly n: number;
  /** hits / n, in [0, 1], not rounded. */
  readonly rate: number;
  /** 95 % interval of the rate. */
  readonly interval: readonly [low: number, high: number];
}

/** @throws RangeError unless 0 ≤ hits ≤ n and n > 0. */
export function rateOf(hits: number, n: number): Rate {
  if (!(n > 0 && hits >= 0 && hits <= n)) throw new RangeError(`rate: ${hits} of ${n} images`);
  return { hits, n, rate: hits / n, interval: wilsonInterval(hits, n) };
}

/** The 97.5 % quantile of the normal distribution. */
const Z = 1.959963984540054;

/**
 * Wilson's score interval at 95 % (Wilson, "Probable inference, the law of succession, and statistical inference",
 * 1927): unlike the textbook p ± z·√(p(1−p)/n) it never leaves [0, 1] and keeps a width at rates of 0 and 1, where
 * attack success rates tend to be.
 */
function wilsonInterval(hits: number, n: number): [number, number] {
  const p = hits / n;
  const z2 = Z ** 2;
  const center = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z / (1 + z2 / n)) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n ** 2));
  // at 0 and n the bounds are exactly 0 and 1, which rounding would miss
  return [hits === 0 ? 0 : center - half, hits === n ? 1 : center + half];
}
