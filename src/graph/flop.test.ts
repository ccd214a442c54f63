import { expect, test } from 'vitest';

import { matMulFlop } from './flop.js';
import * as ops from './ops/index.js';
import { Graph } from './value.js';

test('a product counts 2 m n k, whichever way its operands lie', () => {
  const graph = new Graph();
  const [a, b] = [graph.input('a', [3, 5]), graph.input('b', [5, 7])];
  const [aT, bT] = [graph.input('aT', [5, 3]), graph.input('bT', [7, 5])];
  expect(matMulFlop([ops.matMul(a, b)])).toBe(2 * 3 * 7 * 5);
  expect(matMulFlop([ops.matMul(aT, b, { transA: true })])).toBe(2 * 3 * 7 * 5);
  expect(matMulFlop([ops.matMul(a, bT, { transB: true })])).toBe(2 * 3 * 7 * 5);
});

test('batches multiply, shared nodes count once, other ops and unused products do not count', () => {
  const graph = new Graph();
  const x = graph.input('x', [4, 2, 6, 8]);
  const weight = graph.input('weight', [8, 9]);
  const product = ops.matMul(x, weight); // [4, 2, 6, 9]
  ops.matMul(product, graph.input('unused', [9, 1000]));
  expect(matMulFlop([ops.exp(product), ops.add(product, product)])).toBe(2 * (4 * 2 * 6 * 9) * 8);
});
