import { describe, expect, test } from 'vitest';

import { MemoryBytes } from '../core/bytes.js';
import { sizeOf, type Shape } from '../tensor/shape.js';
import { stacked, storedAs, transposed } from './derived-tensor.js';
import { itemSizes } from './dtype.js';
import type { DType } from './lazy-tensor.js';
import { StoredTensor } from './stored-tensor.js';

function tensorOf(dtype: DType, shape: Shape, bytes: Iterable<number>): StoredTensor {
  const source = new MemoryBytes('m', Uint8Array.from(bytes));
  return StoredTensor.contiguous({ source, byteOffset: 0, length: sizeOf(shape), dtype }, shape);
}

/** Bytes that are no numbers to convert: any mistake in the item size shows. */
const counting = (length: number): number[] => Array.from({ length }, (_, i) => (7 * i + 3) % 256);

describe('transposed, to the bit', () => {
  test.each(['int8', 'float16', 'bfloat16', 'float32', 'float64'] as const)('%s', async (dtype) => {
    const size = itemSizes[dtype];
    const bytes = counting(6 * size);
    const item = (i: number): number[] => bytes.slice(i * size, (i + 1) * size);
    const turned = transposed(tensorOf(dtype, [2, 3], bytes));
    expect(turned).toMatchObject({ dtype, shape: [3, 2] });
    // [[0, 1, 2], [3, 4, 5]] becomes [[0, 3], [1, 4], [2, 5]]
    expect([...(await turned.readBytes())]).toEqual([0, 3, 1, 4, 2, 5].flatMap(item));
    // a view that is transposed itself, as translating a checkpoint leaves it
    expect([...(await transposed(tensorOf(dtype, [2, 3], bytes).transposed()).readBytes())]).toEqual(bytes);
  });
});

const one = { float16: [0x00, 0x3c], bfloat16: [0x80, 0x3f], float32: [0, 0, 0x80, 0x3f] } as const;
const double = (value: number): number[] => [...new Uint8Array(Float64Array.of(value).buffer)];

describe('stacked', () => {
  test('parts of one type keep their bits', async () => {
    // NaN with a payload, an infinity, a subnormal
    const parts = [
      [0x01, 0x7e],
      [0x00, 0xfc],
      [0x01, 0x00],
    ].map((bytes) => tensorOf('float16', [1, 1], bytes));
    const joined = stacked('qkv', parts);
    expect(joined).toMatchObject({ dtype: 'float16', shape: [3, 1] });
    expect([...(await joined.readBytes())]).toEqual([0x01, 0x7e, 0x00, 0xfc, 0x01, 0x00]);
  });

  test('float16 and bfloat16 meet in float32', async () => {
    const joined = stacked('qkv', [tensorOf('float16', [1], one.float16), tensorOf('bfloat16', [1], one.bfloat16)]);
    expect(joined).toMatchObject({ dtype: 'float32', shape: [2] });
    expect([...(await joined.readBytes())]).toEqual([...one.float32, ...one.float32]);
    expect([...(await joined.read())]).toEqual([1, 1]);
  });

  test('float64 keeps what float32 would lose', async () => {
    const joined = stacked('qkv', [tensorOf('float64', [1], double(0.1)), tensorOf('float16', [1], one.float16)]);
    expect(joined.dtype).toBe('float64');
    expect([...(await joined.readBytes())]).toEqual([...double(0.1), ...double(1)]);
  });

  test('integers are refused', () => {
    expect(() => stacked('qkv', [tensorOf('int8', [1], [1])])).toThrow('"qkv" cannot be made of int8');
  });
});

test('storing as another type rounds; as its own it does nothing', async () => {
  const tenth = tensorOf('float64', [1], double(0.1));
  expect(storedAs('x', tenth, 'float64')).toBe(tenth);
  // 0.1 is 1.6 * 2^-4: float32 0x3dcccccd, bfloat16 0x3dcd, float16 0x2e66
  expect([...(await storedAs('x', tenth, 'float32').readBytes())]).toEqual([0xcd, 0xcc, 0xcc, 0x3d]);
  expect([...(await storedAs('x', tenth, 'bfloat16').readBytes())]).toEqual([0xcd, 0x3d]);
  const half = storedAs('x', tenth, 'float16');
  expect([...(await half.readBytes())]).toEqual([0x66, 0x2e]);
  expect([...(await half.read())]).toEqual([0.0999755859375]);
  await expect(storedAs('x', tensorOf('float64', [1], double(1e30)), 'float16').read()).rejects.toMatchObject({
    code: 'unsupported',
  });
});
