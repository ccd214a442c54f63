import { expect, test } from 'vitest';

import { MemoryBytes } from '../core/bytes.js';
import { StoredTensor } from './stored-tensor.js';

/** 0, 1, 2, … 11 as bytes, behind 3 bytes of something else. */
const source = new MemoryBytes('file', Uint8Array.of(9, 9, 9, ...Array.from({ length: 12 }, (_, index) => index)));
const storage = { source, byteOffset: 3, length: 12, dtype: 'uint8' } as const;
const matrix = StoredTensor.contiguous(storage, [3, 4]); // rows 0…3, 4…7, 8…11

test('a row-major tensor', async () => {
  expect([...(await matrix.read())]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test('rows, transposition, and both', async () => {
  expect([...(await matrix.rows(1, 2).read())]).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
  expect(matrix.transposed().shape).toEqual([4, 3]);
  expect([...(await matrix.transposed().read())]).toEqual([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
  expect([...(await matrix.rows(1, 2).transposed().read())]).toEqual([4, 8, 5, 9, 6, 10, 7, 11]);
  expect([...(await matrix.transposed().rows(3, 1).read())]).toEqual([3, 7, 11]);
});

test('any strides, lengths of one and of zero', async () => {
  const view = (offset: number, shape: number[], strides: number[]) =>
    StoredTensor.create('t', storage, { offset, shape, strides }).read();
  expect([...(await view(1, [2, 2, 2], [6, 1, 3]))]).toEqual([1, 4, 2, 5, 7, 10, 8, 11]);
  expect([...(await view(11, [1, 1], [999, 999]))]).toEqual([11]);
  expect([...(await view(0, [3, 0], [1, 1]))]).toEqual([]);
  expect([...(await view(5, [], []))]).toEqual([5]);
});

test('a view may end with its storage and not one element later', () => {
  const create = (offset: number) => StoredTensor.create('t', storage, { offset, shape: [2, 2], strides: [8, 2] });
  expect(() => create(1)).not.toThrow(); // the last element is number 1 + 8 + 2 = 11
  expect(() => create(2)).toThrow(/tensor "t".*elements up to number 13/);
});
