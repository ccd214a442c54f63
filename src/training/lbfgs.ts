/** A function to minimise, at one point. */
export interface Evaluated {
  readonly value: number;
  readonly gradient: Float64Array;
}

export interface LbfgsSettings {
  readonly iterations: number;
  /** Stops once no element of the gradient is larger. */
  readonly tolerance: number;
  /** Steps that the curvature is estimated from. */
  readonly memory?: number;
  /** Relative error of the values, 0 by default: where they differ by less, slopes tell whether a step is good. */
  readonly rounding?: number;
}

/** Where `lbfgs` stands. */
export interface Minimum extends Evaluated {
  readonly point: Float64Array;
  /** Steps taken. */
  readonly iterations: number;
  /** Whether the gradient is as small as was asked for. */
  readonly converged: boolean;
}

interface Curvature {
  /** s = x' − x */
  readonly step: Float64Array;
  /** y = g' − g */
  readonly change: Float64Array;
  /** sᵀ y, above 0. */
  readonly product: number;
}

/** Of the Wolfe conditions: how far the value must fall, and the slope. */
const DECREASE = 1e-4;
const FLATTENING = 0.9;
/** Step lengths tried before the function is taken for flat within rounding. */
const TRIALS = 40;

/**
 * Minimises a smooth function by limited-memory BFGS: the two-loop recursion of Nocedal and Wright, "Numerical
 * Optimization" (2006), algorithm 7.4, with steps that meet the weak Wolfe conditions, found by doubling and bisection
 * (Lewis and Overton, 2013); within the rounding of the values, the approximate ones of Hager and Zhang (2005). It ends at
 * `tolerance`, after `iterations`, or where no step is good any more.
 * @param onStep told of every step
 */
export async function lbfgs(
  evaluate: (point: Float64Array) => Promise<Evaluated>,
  start: Float64Array,
  { iterations, tolerance, memory = 10, rounding = 0 }: LbfgsSettings,
  onStep?: (step: number, at: Evaluated & { readonly point: Float64Array }) => Promise<void>,
): Promise<Minimum> {
  let at = { point: start, ...(await evaluate(start)) };
  const history: Curvature[] = [];
  const converged = (): boolean => at.gradient.every((element) => Math.abs(element) <= tolerance);
  let taken = 0;
  while (taken < iterations && !converged()) {
    const direction = descent(at.gradient, history);
    const next = await search(evaluate, at, direction, history.length === 0 ? firstLength(direction) : 1, rounding);
    if (next === undefined) break;
    const step = next.point.map((element, i) => element - at.point[i]);
    const change = next.gradient.map((element, i) => element - at.gradient[i]);
    history.push({ step, change, product: dot(step, change) });
    if (history.length > memory) history.shift();
    at = next;
    taken++;
    await onStep?.(taken, at);
  }
  return { ...at, iterations: taken, converged: converged() };
}

/** −H g, H being the estimated inverse Hessian. */
function descent(gradient: Float64Array, history: readonly Curvature[]): Float64Array {
  const direction = gradient.map((element) => -element);
  const newestFirst = [...history].reverse();
  const factors = newestFirst.map(({ step, change, product }) => {
    const factor = dot(step, direction) / product;
    addScaled(direction, change, -factor);
    return factor;
  });
  const newest = newestFirst.at(0);
  if (newest !== undefined) {
    const scale = newest.product / dot(newest.change, newest.change);
    direction.forEach((element, i) => (direction[i] = scale * element));
  }
  newestFirst.forEach((_, i) => {
    const back = newestFirst.length - 1 - i;
    const { step, change, product } = newestFirst[back];
    addScaled(direction, step, factors[back] - dot(change, direction) / product);
  });
  return direction;
}

/** Nothing is known of the curvature yet: a step no longer than 1 in sum. */
function firstLength(direction: Float64Array): number {
  return Math.min(1, 1 / direction.reduce((sum, element) => sum + Math.abs(element), 0));
}

/** The first point along the direction that meets the conditions; undefined where none is found. */
async function search(
  evaluate: (point: Float64Array) => Promise<Evaluated>,
  from: Evaluated & { readonly point: Float64Array },
  direction: Float64Array,
  firstTried: number,
  rounding: number,
): Promise<(Evaluated & { readonly point: Float64Array }) | undefined> {
  const slope = dot(from.gradient, direction);
  let [low, high, length] = [0, Infinity, firstTried];
  for (let trial = 0; trial < TRIALS; trial++) {
    const point = from.point.map((element, i) => element + length * direction[i]);
    const tried = await evaluate(point);
    const newSlope = dot(tried.gradient, direction);
    const equal = Math.abs(tried.value - from.value) <= rounding * Math.abs(from.value);
    const lower = equal
      ? newSlope <= (2 * DECREASE - 1) * slope
      : tried.value <= from.value + DECREASE * length * slope;
    // a value that is not a number is too far, too
    if (!lower) high = length;
    else if (newSlope < FLATTENING * slope) low = length;
    else return { point, ...tried };
    length = high === Infinity ? 2 * low : (low + high) / 2;
  }
  return undefined;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** x ← x + factor · y */
function addScaled(x: Float64Array, y: Float64Array, factor: number): void {
  for (let i = 0; i < x.length; i++) x[i] += factor * y[i];
}
