import { expect, test } from 'vitest';

import { constantBytes, peakActivationBytes } from './memory.js';
import * as ops from './ops/index.js';
import { Graph } from './value.js';

test('constants count once, each by its elements', () => {
  const graph = new Graph();
  const weight = graph.constant('weight', [3, 5], new Float32Array(15));
  graph.constant('unused', [1000], new Float32Array(1000));
  const product = ops.matMul(graph.input('x', [2, 3]), weight);
  expect(constantBytes([product, ops.exp(ops.add(product, ops.exp(weight.graph.scalar(1))))])).toBe(4 * (15 + 1));
});

test('a chain keeps two values alive, the one that is read and the one that is written', () => {
  const graph = new Graph();
  let x = graph.input('x', [100]);
  for (let i = 0; i < 10; i++) x = ops.exp(x);
  expect(peakActivationBytes([x])).toBe(2 * 400);
});

test('a value that is needed later stays alive until then', () => {
  const graph = new Graph();
  const early = ops.exp(graph.input('x', [100]));
  let x = early;
  for (let i = 0; i < 10; i++) x = ops.exp(x);
  expect(peakActivationBytes([ops.add(x, early)])).toBe(3 * 400);
  expect(peakActivationBytes([x, early])).toBe(3 * 400);
});

test('a reshape is another view of the same memory, and keeps it alive', () => {
  const graph = new Graph();
  const early = ops.exp(graph.input('x', [100]));
  const view = ops.reshape(early, [10, 10]);
  let x = ops.exp(early);
  for (let i = 0; i < 3; i++) x = ops.exp(x);
  expect(peakActivationBytes([ops.add(ops.reshape(x, [10, 10]), view)])).toBe(3 * 400);
});
