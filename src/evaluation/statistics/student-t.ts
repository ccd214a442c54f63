/**
 * P(T ≤ t) of Student's t with `degrees` degrees of freedom, by the regularised incomplete beta function (Abramowitz and
 * Stegun, 26.7.1).
 * @throws RangeError unless degrees > 0
 */
export function studentTCdf(t: number, degrees: number): number {
  if (!(degrees > 0)) throw new RangeError(`Student's t: ${degrees} degrees of freedom`);
  const square = t * t;
  const tail = incompleteBeta(degrees / (degrees + square), square / (degrees + square), degrees / 2, 0.5) / 2;
  return t > 0 ? 1 - tail : tail;
}

/** The t with P(T ≤ t) = `share`. @param share in [0.5, 1) */
export function studentTQuantile(share: number, degrees: number): number {
  if (!(share >= 0.5 && share < 1)) throw new RangeError(`quantile of Student's t at ${share}`);
  let [low, high] = [0, 1];
  while (studentTCdf(high, degrees) < share) high *= 2;
  // halved until the two are neighbours
  for (let middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (studentTCdf(middle, degrees) < share) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * I_x(a, b), by the continued fraction where it is quick and by I_x(a, b) = 1 − I_y(b, a) elsewhere.
 * @param y 1 − x, which a difference would not give near x = 1
 */
function incompleteBeta(x: number, y: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(y, x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(y));
  return front / (a * betaFraction(x, a, b));
}

/** More terms than any of our degrees of freedom needs. */
const TERMS = 200;

/** 1 + d₁/(1 + d₂/(1 + …)) of Abramowitz and Stegun, 26.5.8, from the far end. */
function betaFraction(x: number, a: number, b: number): number {
  let value = 1;
  for (let term = TERMS; term >= 1; term--) {
    const m = Math.floor(term / 2);
    const top = term % 2 === 0 ? m * (b - m) : -(a + m) * (a + b + m);
    value = 1 + (top * x) / ((a + term - 1) * (a + term)) / value;
  }
  return value;
}

/** log Γ(z) for z > 0: Stirling's series beyond 10, reached by Γ(z + 1) = z Γ(z). */
function logGamma(z: number): number {
  let [shifted, product] = [z, 1];
  while (shifted < 10) {
    product *= shifted;
    shifted++;
  }
  const square = 1 / shifted ** 2;
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / shifted;
  return (shifted - 0.5) * Math.log(shifted) - shifted + Math.log(2 * Math.PI) / 2 + series - Math.log(product);
}
