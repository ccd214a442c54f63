import { expect, test } from 'vitest';

import { broadcastShapes, formatShape, sameShape, sizeOf, stridesOf, type Shape } from './shape.js';
import { intTensor, tensor } from './tensor.js';

test('sizes, strides and text', () => {
  expect([sizeOf([]), sizeOf([5]), sizeOf([2, 3, 4]), sizeOf([2, 0, 4])]).toEqual([1, 5, 24, 0]);
  expect([stridesOf([]), stridesOf([5]), stridesOf([2, 3, 4])]).toEqual([[], [1], [12, 4, 1]]);
  expect([formatShape([]), formatShape([2, 3])]).toEqual(['[]', '[2, 3]']);
});

test('shapes are the same by rank and every length', () => {
  expect([sameShape([2, 3], [2, 3]), sameShape([], [])]).toEqual([true, true]);
  expect([sameShape([2, 3], [3, 2]), sameShape([2], [2, 1]), sameShape([], [1])]).toEqual([false, false, false]);
});

test.each<[Shape, Shape, Shape | undefined]>([
  [
    [2, 3],
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [], [2, 3]],
  [[2, 3], [3], [2, 3]],
  [[2, 1], [4], [2, 4]],
  [
    [5, 1, 3],
    [4, 1],
    [5, 4, 3],
  ],
  [[1], [1, 1], [1, 1]],
  [[0], [1], [0]],
  [[2, 3], [2], undefined],
  [[2, 3], [3, 2], undefined],
])('%j and %j broadcast to %j', (a, b, joint) => {
  expect(broadcastShapes(a, b)).toEqual(joint);
  expect(broadcastShapes(b, a)).toEqual(joint);
});

test('tensors hold as many elements as their shape', () => {
  expect(tensor([2, 2], [1, 2, 3, 4]).data).toEqual(Float32Array.of(1, 2, 3, 4));
  expect(tensor([3]).data).toEqual(new Float32Array(3));
  expect(intTensor([2], [-1, 7]).data).toEqual(BigInt64Array.of(-1n, 7n));
  expect(() => tensor([2, 2], [1])).toThrow('tensor: shape [2, 2] needs 4 elements, got 1');
  expect(() => intTensor([], [])).toThrow('tensor: shape [] needs 1 elements, got 0');
});
