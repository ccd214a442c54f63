import { expect, test } from 'vitest';

import { learningRateAt } from './learning-rate.js';
import { Sgd } from './sgd.js';

test('two steps by hand', () => {
  const sgd = new Sgd({ momentum: 0.5, weightDecay: 0.25 });
  const p = Float32Array.of(2, -4);
  sgd.update('p', p, Float32Array.of(1, 1), 0.5);
  // g = (1 + 0.5, 1 - 1) = (1.5, 0); p = (2 - 0.75, -4)
  expect([...p]).toEqual([1.25, -4]);
  sgd.update('p', p, Float32Array.of(0, 2), 0.5);
  // g = (0.3125, 1); v = (0.75 + 0.3125, 1); p = (1.25 - 0.53125, -4.5)
  expect([...p]).toEqual([0.71875, -4.5]);
});

test('parameters keep velocities of their own, and a restored optimiser goes on alike', () => {
  const [a, b] = [new Sgd({ momentum: 0.9, weightDecay: 0 }), new Sgd({ momentum: 0.9, weightDecay: 0 })];
  const [p, q] = [Float32Array.of(1), Float32Array.of(1)];
  a.update('p', p, Float32Array.of(1), 0.25);
  a.update('other', Float32Array.of(5), Float32Array.of(7), 0.25);
  q.set(p);
  b.restore(a.velocities);
  a.update('p', p, Float32Array.of(0), 0.25);
  b.update('p', q, Float32Array.of(0), 0.25);
  expect(q[0]).toBe(p[0]);
  expect(p[0]).toBeCloseTo(1 - 0.25 - 0.225, 6);
});

test('a gradient of another length is refused', () => {
  const sgd = new Sgd({ momentum: 0, weightDecay: 0 });
  expect(() => {
    sgd.update('p', new Float32Array(2), new Float32Array(3), 1);
  }).toThrow('p has 2 elements, its gradient 3');
});

test('the cosine schedule of CoOp', () => {
  const settings = {
    learningRate: 0.002,
    schedule: 'cosine',
    epochs: 50,
    warmupEpochs: 1,
    warmupLearningRate: 1e-5,
  } as const;
  expect(learningRateAt(0, settings)).toBe(1e-5);
  expect(learningRateAt(1, settings)).toBe(0.002);
  expect(learningRateAt(26, settings)).toBeCloseTo(0.001, 12);
  expect(learningRateAt(49, settings)).toBeCloseTo(0.001 * (1 + Math.cos((Math.PI * 48) / 50)), 12);
  expect(learningRateAt(49, { ...settings, schedule: 'constant' })).toBe(0.002);
});
