import { expect, it } from 'vitest';

import { lbfgs, type Evaluated } from './lbfgs.js';

const settings = { iterations: 1000, tolerance: 1e-10 };

it('finds the minimum of a quadratic that is solved by hand', async () => {
  // f = ½ (4x² + 2xy + 3y²) − x − 2y, so 4x + y = 1 and x + 3y = 2: x = 1/11, y = 7/11, f = −½ (x + 2y) = −15/22
  const f = ([x, y]: Float64Array): Promise<Evaluated> =>
    Promise.resolve({
      value: (4 * x * x + 2 * x * y + 3 * y * y) / 2 - x - 2 * y,
      gradient: Float64Array.of(4 * x + y - 1, x + 3 * y - 2),
    });
  const { point, value, converged } = await lbfgs(f, Float64Array.of(100, -50), settings);
  expect(converged).toBe(true);
  expect(point[0]).toBeCloseTo(1 / 11, 10);
  expect(point[1]).toBeCloseTo(7 / 11, 10);
  expect(value).toBeCloseTo(-15 / 22, 12);
});

const rosenbrock = (x: Float64Array): Promise<Evaluated> => {
  let value = 0;
  const gradient = new Float64Array(x.length);
  for (let i = 0; i + 1 < x.length; i++) {
    const [bend, gap] = [x[i + 1] - x[i] ** 2, 1 - x[i]];
    value += 100 * bend ** 2 + gap ** 2;
    gradient[i] += -400 * x[i] * bend - 2 * gap;
    gradient[i + 1] += 200 * bend;
  }
  return Promise.resolve({ value, gradient });
};

it('follows a bent valley to its end, lower at every step', async () => {
  const values: number[] = [];
  const start = Float64Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? -1.2 : 1));
  const told = (step: number, { value }: Evaluated): Promise<void> => {
    expect(step).toBe(values.push(value));
    return Promise.resolve();
  };
  const { point, iterations } = await lbfgs(rosenbrock, start, settings, told);
  for (const element of point) expect(element).toBeCloseTo(1, 8);
  expect(values).toHaveLength(iterations);
  expect(values).toEqual([...values].sort((a, b) => b - a));
  // steepest descent takes tens of thousands
  expect(iterations).toBeLessThan(120);
  expect(start[0]).toBe(-1.2);
});

it('ends after the iterations it may take, and says so', async () => {
  const { iterations, converged } = await lbfgs(rosenbrock, new Float64Array(4), { ...settings, iterations: 3 });
  expect({ iterations, converged }).toEqual({ iterations: 3, converged: false });
});

it('goes by slopes where values differ by no more than their rounding', async () => {
  // (x − 1)² + (y + 2)⁴ + 1000, with an error of 1e-7 of that
  const f = ([x, y]: Float64Array): Promise<Evaluated> =>
    Promise.resolve({
      value: ((x - 1) ** 2 + (y + 2) ** 4 + 1000) * (1 + 1e-7 * Math.sin(1e7 * (x + y))),
      gradient: Float64Array.of(2 * (x - 1), 4 * (y + 2) ** 3),
    });
  const start = Float64Array.of(1.5, -1);
  const { point, converged } = await lbfgs(f, start, { ...settings, rounding: 1e-6 });
  expect(converged).toBe(true);
  expect(point[0]).toBeCloseTo(1, 9);
  expect((await lbfgs(f, start, settings)).converged).toBe(false);
});
