import { expect, test } from 'vitest';

import { MemoryBytes } from '../core/bytes.js';
import { openSafetensors, writeSafetensors } from './safetensors.js';

test('reads a file written by hand', async () => {
  const header =
    '{"__metadata__":{"made":"by hand"},"b":{"dtype":"F16","shape":[2],"data_offsets":[4,8]},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}';
  const bytes = new Uint8Array([
    ...[header.length, 0, 0, 0, 0, 0, 0, 0],
    ...new TextEncoder().encode(header),
    ...[0, 0, 0xc0, 0x3f], // 1.5
    ...[0x00, 0x3c, 0x00, 0xc0], // 1, -2
  ]);
  const { tensors, metadata } = await openSafetensors(new MemoryBytes('file', bytes));
  expect([...metadata]).toEqual([['made', 'by hand']]);
  expect([...tensors.keys()]).toEqual(['b', 'a']);
  expect(tensors.get('a')).toMatchObject({ dtype: 'float32', shape: [1, 1] });
  expect([...((await tensors.get('a')?.read()) ?? [])]).toEqual([1.5]);
  expect([...((await tensors.get('b')?.read()) ?? [])]).toEqual([1, -2]);
});

test('writes what it reads: names, metadata, values, alignment', async () => {
  const ids = BigInt64Array.of(-1n, 2n ** 40n);
  const tensors = new Map([
    ['scalar', { shape: [], data: Float32Array.of(0.1) }],
    ['ids', { shape: [2], data: ids }],
    ['prompts.1', { shape: [2, 2], data: Float32Array.of(1, -0, 3, 4) }],
    ['empty', { shape: [0, 3], data: new Float32Array(0) }],
  ]);
  const bytes = writeSafetensors(
    tensors,
    new Map([
      ['format', 'pt'],
      ['schön', '"x"'],
    ]),
  );
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  expect(length % 8).toBe(0);
  const header: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  // 64-bit integers first, so that everything lies on its own alignment without gaps
  expect(header).toEqual({
    __metadata__: { format: 'pt', schön: '"x"' },
    ids: { dtype: 'I64', shape: [2], data_offsets: [0, 16] },
    scalar: { dtype: 'F32', shape: [], data_offsets: [16, 20] },
    'prompts.1': { dtype: 'F32', shape: [2, 2], data_offsets: [20, 36] },
    empty: { dtype: 'F32', shape: [0, 3], data_offsets: [36, 36] },
  });
  expect(new BigInt64Array(bytes.slice(8 + length, 8 + length + 16).buffer)).toEqual(ids);
  const file = await openSafetensors(new MemoryBytes('file', bytes));
  expect(await file.tensors.get('prompts.1')?.read()).toEqual(Float32Array.of(1, -0, 3, 4));
  expect(file.metadata.get('schön')).toBe('"x"');
});

test('refuses to write data that does not fill its shape', () => {
  const tensors = new Map([['a', { shape: [3], data: new Float32Array(2) }]]);
  expect(() => writeSafetensors(tensors)).toThrow('"a" of shape [3] cannot hold 2 elements');
});
