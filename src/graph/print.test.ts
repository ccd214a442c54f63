import { expect, test } from 'vitest';

import * as ops from './ops/index.js';
import { printGraph } from './print.js';
import { Graph } from './value.js';

test('a graph prints as a program, leaves and attributes included', () => {
  const graph = new Graph();
  const x = graph.input('x', [2, 3]);
  const ids = graph.input('ids', [2], 'int64');
  const weight = graph.constant('weight', [4, 3], new Float32Array(12));
  const product = ops.matMul(x, weight, { transB: true, alpha: 0.5 });
  const turned = ops.transpose(product, [1, 0]);
  const rows = ops.gather(turned, ids);
  expect(printGraph([rows, product])).toBe(
    [
      '%0 = input x: float32 [2, 3]',
      '%1 = input ids: int64 [2]',
      '%2 = constant weight: float32 [4, 3]',
      '%3 = MatMul(%0, %2) {transB=true, alpha=0.5}: float32 [2, 4]',
      '%4 = Transpose(%3) {order=[1, 0]}: float32 [4, 2]',
      '%5 = Gather(%4, %1): float32 [2, 2]',
      'return %5, %3',
    ].join('\n'),
  );
});

test('by-products print on the left of their node, and what nothing needs is left out', () => {
  const graph = new Graph();
  const x = graph.input('x', [5]);
  ops.exp(x);
  const normed = ops.layerNormalization(x, 0.25);
  expect(printGraph([normed])).toBe(
    [
      '%0 = input x: float32 [5]',
      '%2, %3, %4 = LayerNormalization(%0) {epsilon=0.25}: float32 [5], float32 [1], float32 [1]',
      'return %2',
    ].join('\n'),
  );
});

test('an input that is returned as it is', () => {
  const x = new Graph().input('x', []);
  expect(printGraph([x])).toBe('%0 = input x: float32 []\nreturn %0');
});
