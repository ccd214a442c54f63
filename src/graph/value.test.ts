import { describe, expect, test } from 'vitest';

import * as ops from './ops/index.js';
import { Graph, reachableLeaves, reachableNodes, ShapeError } from './value.js';

describe('a graph refuses', () => {
  test('shapes that do not fit an op, naming the op and the shapes', () => {
    const graph = new Graph();
    const [a, b] = [graph.input('a', [2, 3]), graph.input('b', [4, 5])];
    const call = (): unknown => ops.matMul(a, b, { transB: true });
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(
      'MatMul: expected […, m, k] by […, k, n] with batches that broadcast (B transposed), got [2, 3] and [4, 5]',
    );
    expect(() => ops.add(a, b)).toThrow('Add: expected shapes that broadcast, got [2, 3] and [4, 5]');
    expect(() => ops.reshape(a, [7])).toThrow('Reshape: expected 7 elements for [7], got [2, 3]');
    expect(() => ops.slice(a, 1, 2, 4)).toThrow('Slice: expected 2 … 4 inside axis 1, got [2, 3]');
  });

  test('whole numbers where floats are due', () => {
    const graph = new Graph();
    const ids = graph.input('ids', [2], 'int64');
    expect(() => ops.exp(ids)).toThrow('Exp: expected 1 float32 input, got [2]');
  });

  test('a name for two inputs', () => {
    const graph = new Graph();
    graph.input('x', [1]);
    expect(() => graph.input('x', [1])).toThrow('graph: input x is declared twice');
  });

  test('values of another graph', () => {
    const [a, b] = [new Graph().input('a', [1]), new Graph().input('b', [1])];
    expect(() => ops.add(a, b)).toThrow('Add: an input belongs to another graph');
  });

  test('a constant with the wrong number of elements', () => {
    expect(() => new Graph().constant('c', [2, 2], new Float32Array(3))).toThrow(
      'constant c: [2, 2] needs 4 elements, got 3',
    );
  });
});

test('equal scalars are one value', () => {
  const graph = new Graph();
  expect(graph.scalar(0.5)).toBe(graph.scalar(0.5));
  expect(graph.scalar(0.5)).not.toBe(graph.scalar(2));
});

test('broadcasting follows NumPy', () => {
  const graph = new Graph();
  const sum = ops.add(graph.input('a', [5, 1, 3]), graph.input('b', [4, 1]));
  expect(sum.shape).toEqual([5, 4, 3]);
});

test('what outputs need, once each, in an order that can run', () => {
  const graph = new Graph();
  const x = graph.input('x', [1]);
  const unused = graph.input('unused', [1]);
  ops.exp(unused);
  const [left, right] = [ops.exp(x), ops.sqrt(x)];
  const sum = ops.add(right, left);
  const nodes = reachableNodes([sum, left]);
  expect(nodes.map(({ op }) => op.name)).toEqual(['Exp', 'Sqrt', 'Add']);
  expect(reachableLeaves(nodes, [sum, left])).toEqual([x]);
  expect(reachableLeaves([], [unused])).toEqual([unused]);
});
