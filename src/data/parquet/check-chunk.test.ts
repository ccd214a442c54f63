import { expect, test } from 'vitest';

import { checkChunk, type ChunkPromise } from './check-chunk.js';

/** A zigzag number of Thrift's compact protocol, below 64. */
const i32 = (value: number): number => value * 2;

/** A data page of the first version: sizes, number of values, encoding; then its bytes. */
function page(body: readonly number[], values: number[], encoding: number): Uint8Array {
  const sizes = [0x15, i32(0), 0x15, i32(body.length), 0x15, i32(body.length)];
  return Uint8Array.of(...sizes, 0x2c, 0x15, ...values, 0x15, i32(encoding), 0, 0, ...body);
}

const promise: ChunkPromise = {
  rows: 3,
  maxDefinitionLevel: 0,
  uncompressedSize: 40,
  decompress: (bytes) => bytes,
};
const plain = 0;
const dictionary = 8;
const level = [2, 0, 0, 0, 3 << 1, 1]; // two bytes: one run of three times 1

test('honest pages pass: plain, by dictionary, with definition levels', () => {
  checkChunk(page([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [i32(3)], plain), promise);
  checkChunk(page([1, 3 << 1, 0], [i32(3)], dictionary), promise);
  checkChunk(page([1, (1 << 1) | 1, 0b101], [i32(3)], dictionary), promise); // a literal run of eight
  checkChunk(page([...level, 1, 3 << 1, 0], [i32(3)], dictionary), { ...promise, maxDefinitionLevel: 1 });
});

/** A number of five bytes, 2 to the power of 30. */
const huge = [0x80, 0x80, 0x80, 0x80, 0x04];

test.each([
  ['more values than rows', page([], [0x80, 0x80, 0x80, 0x80, 0x0f], plain), 'values in a page, of 3 rows'],
  ['fewer rows than promised', page([0, 0, 0, 0], [i32(1)], plain), 'pages with 1 rows where 3 are promised'],
  ['a run of 536870912 indices', page([1, ...huge, 0], [i32(3)], dictionary), 'a run of 536870912 values among 3'],
  ['an encoding that is not read', page([], [i32(3)], 7), 'values of encoding 7'],
  ['a page beyond the end', page([0, 0, 0, 0], [i32(3)], plain).subarray(0, 15), 'beyond the end'],
  ['delta blocks of no miniblock', page([128, 1, 0, 3, 0], [i32(3)], 5), 'delta blocks that do not fit'],
])('refused: %s', (_, chunk, message) => {
  expect(() => {
    checkChunk(chunk, promise);
  }).toThrow(message);
});

test('refused: a run of 536870912 definition levels', () => {
  const chunk = page([6, 0, 0, 0, ...huge, 1], [i32(3)], plain);
  expect(() => {
    checkChunk(chunk, { ...promise, maxDefinitionLevel: 1 });
  }).toThrow('a run of 536870912 values among 3');
});

test('refused: a page that would be larger than the whole column', () => {
  expect(() => {
    checkChunk(page([0, 0, 0, 0], [i32(3)], plain), { ...promise, uncompressedSize: 3 });
  }).toThrow('a page of 4 bytes uncompressed');
});
