import { describe, expect, test } from 'vitest';

import { gradients } from './autodiff.js';
import { defineOp } from './op.js';
import * as ops from './ops/index.js';
import { Graph, reachableNodes, type Value } from './value.js';
import { evaluateReference, type ReferenceFeeds } from '../runtime/reference.js';

function total(x: Value): Value {
  const axes = x.shape.map((_, axis) => axis);
  return ops.reshape(ops.reduceSum(x, axes), []);
}

async function numbers(value: Value, feeds: Record<string, readonly number[]> = {}): Promise<number[]> {
  const tensors: ReferenceFeeds = Object.fromEntries(
    Object.entries(feeds).map(([name, data]) => [name, { shape: [data.length], data: Float64Array.from(data) }]),
  );
  return [...(await evaluateReference({ value }, tensors))['value'].data];
}

describe('gradients', () => {
  test('of a product, by hand', async () => {
    const graph = new Graph();
    const [x, y] = [graph.input('x', [2]), graph.input('y', [2])];
    const [dx, dy] = gradients(total(ops.mul(ops.mul(x, x), y)), [x, y]);
    const feeds = { x: [3, -1], y: [2, 5] };
    expect(await numbers(dx, feeds)).toEqual([12, -10]); // 2 x y
    expect(await numbers(dy, feeds)).toEqual([9, 1]); // x²
  });

  test('add up where a value is used more than once', async () => {
    const graph = new Graph();
    const x = graph.input('x', [1]);
    const square = ops.mul(x, x);
    // x² + x² · x² + x: 2 x + 4 x³ + 1
    const loss = total(ops.add(ops.add(square, ops.mul(square, square)), x));
    const [dx] = gradients(loss, [x]);
    expect(await numbers(dx, { x: [3] })).toEqual([6 + 108 + 1]);
  });

  test('may be asked for by an inner value and by the loss itself', async () => {
    const graph = new Graph();
    const x = graph.input('x', [1]);
    const inner = ops.mul(x, x);
    const loss = total(ops.scale(inner, 7));
    const [byInner, byLoss] = gradients(loss, [inner, loss]);
    expect(await numbers(byInner, { x: [3] })).toEqual([7]);
    expect(await numbers(byLoss)).toEqual([1]);
  });

  test('are zeros by a source that the loss does not depend on', async () => {
    const graph = new Graph();
    const [x, other] = [graph.input('x', [1]), graph.input('other', [2, 2])];
    const [, byOther] = gradients(total(x), [x, other]);
    expect(byOther.shape).toEqual([2, 2]);
    expect(await numbers(byOther)).toEqual([0, 0, 0, 0]);
  });

  test('of gradients give second derivatives', async () => {
    const graph = new Graph();
    const x = graph.input('x', [1]);
    const [dx] = gradients(total(ops.mul(ops.mul(x, x), x)), [x]);
    const [second] = gradients(total(dx), [x]);
    expect(await numbers(second, { x: [5] })).toEqual([30]); // 6 x
  });
});

describe('pruning', () => {
  test('a branch without a source builds nothing, however long it is', () => {
    const built = (frozenBranchLength: number): number => {
      const graph = new Graph();
      const x = graph.input('x', [3]);
      let frozen = graph.input('frozen', [3]);
      for (let i = 0; i < frozenBranchLength; i++) frozen = ops.exp(frozen);
      const loss = total(ops.mul(x, frozen));
      const before = graph.size;
      const [dx] = gradients(loss, [x]);
      expect(reachableNodes([dx]).filter(({ op }) => op.name === 'Exp')).toHaveLength(frozenBranchLength);
      return graph.size - before;
    };
    expect(built(20)).toBe(built(1));
  });

  test('a product with a frozen matrix builds the one gradient that is wanted', () => {
    const graph = new Graph();
    const [x, frozen] = [graph.input('x', [2, 3]), graph.input('frozen', [3, 4])];
    const [dx] = gradients(total(ops.matMul(x, frozen)), [x]);
    const products = reachableNodes([dx]).filter(({ op }) => op.name === 'MatMul');
    expect(products.map(({ outputs: [product] }) => product.shape)).toEqual([[2, 3]]);
  });

  test('what lies beyond a source is not built', () => {
    const graph = new Graph();
    const x = graph.input('x', [2]);
    const middle = ops.exp(x);
    const loss = total(ops.scale(middle, 3));
    const [byMiddle] = gradients(loss, [middle]);
    expect(reachableNodes([byMiddle]).map(({ op }) => op.name)).not.toContain('Mul');
  });
});

describe('what has no gradient is refused:', () => {
  test('a loss that is no scalar', () => {
    const x = new Graph().input('x', [2, 3]);
    expect(() => gradients(x, [x])).toThrow('gradients: expected a scalar loss, got [2, 3]');
  });

  test('a path through an op without one, with its reason', () => {
    const x = new Graph().input('x', [2]);
    expect(() => gradients(total(ops.greaterThan(x, 0)), [x])).toThrow(
      'gradients: Greater has none: a step function is flat wherever it has a derivative',
    );
  });

  test('but such an op beside the path is no obstacle', async () => {
    const graph = new Graph();
    const [x, y] = [graph.input('x', [2]), graph.input('y', [2])];
    const [dx] = gradients(total(ops.mul(x, ops.greaterThan(y, 0))), [x]);
    expect(await numbers(dx, { x: [1, 1], y: [-1, 2] })).toEqual([0, 1]);
  });

  test('a loss that depends on a by-product', () => {
    const splitOp = defineOp({
      name: 'Split',
      infer: ([x]) => [x, x],
      gradient: ({ gradient }) => [gradient],
      lower: () => undefined,
      evaluate: ([x]) => [x, x],
      sample: () => ({ attributes: {}, inputs: [] }),
    });
    const graph = new Graph();
    const x = graph.input('x', [2]);
    const [, byProduct] = graph.apply(splitOp.bind({}), [x]);
    expect(() => gradients(total(byProduct), [x])).toThrow(
      'gradients: the loss depends on a by-product of Split, which has no gradient',
    );
  });
});
