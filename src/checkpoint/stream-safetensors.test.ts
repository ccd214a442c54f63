import { expect, test } from 'vitest';

import { MemoryBytes } from '../core/bytes.js';
import { openSafetensors } from './safetensors.js';
import { streamSafetensors, streamTensors, type StreamedTensor } from './stream-safetensors.js';

async function collected(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

test('tensors of several types, the larger ones first, to the byte', async () => {
  const bytes = (dtype: StreamedTensor['dtype'], shape: number[], ...data: number[]): StreamedTensor => ({
    dtype,
    shape,
    readBytes: () => Promise.resolve(Uint8Array.from(data)),
  });
  const tensors = new Map([
    ['half', bytes('float16', [3], 1, 2, 3, 4, 5, 6)],
    ['brain', bytes('bfloat16', [1, 1], 7, 8)],
    ['single', bytes('float32', [1], 9, 10, 11, 12)],
    ['double', bytes('float64', [], 1, 1, 2, 3, 5, 8, 13, 21)],
  ]);
  const file = await collected(streamTensors(tensors, new Map([['format', 'pt']])));
  const length = Number(file.readBigUInt64LE(0));
  expect(length % 8).toBe(0);
  expect(JSON.parse(file.toString('utf8', 8, 8 + length))).toEqual({
    __metadata__: { format: 'pt' },
    double: { dtype: 'F64', shape: [], data_offsets: [0, 8] },
    single: { dtype: 'F32', shape: [1], data_offsets: [8, 12] },
    half: { dtype: 'F16', shape: [3], data_offsets: [12, 18] },
    brain: { dtype: 'BF16', shape: [1, 1], data_offsets: [18, 20] },
  });
  expect([...file.subarray(8 + length)]).toEqual([1, 1, 2, 3, 5, 8, 13, 21, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8]);

  const short = new Map([['half', bytes('float16', [3], 1, 2, 3, 4)]]);
  await expect(collected(streamTensors(short))).rejects.toThrow('"half" of shape [3] cannot hold 2 elements');
});

test('streams tensors as float16, with float16 offsets, and says which value does not fit', async () => {
  const tensors = new Map([
    ['a', Float32Array.of(1, -2, 0.1)],
    ['b', Float32Array.of(3)],
  ]);
  const shapes = new Map([...tensors].map(([name, { length }]) => [name, [length]]));
  const read = (name: string) => Promise.resolve(tensors.get(name) ?? new Float32Array(0));
  const streamed = () => collected(streamSafetensors(shapes, read, new Map(), 'float16'));
  const file = await openSafetensors(new MemoryBytes('file', await streamed()));
  expect(file.tensors.get('b')).toMatchObject({ dtype: 'float16', shape: [1] });
  expect([...((await file.tensors.get('a')?.read()) ?? [])]).toEqual([1, -2, 0.0999755859375]);
  expect([...((await file.tensors.get('b')?.read()) ?? [])]).toEqual([3]);

  tensors.set('b', Float32Array.of(70000));
  await expect(streamed()).rejects.toMatchObject({ code: 'unsupported' });
  await expect(streamed()).rejects.toThrow(
    'write "b" in float16: expected finite values that float16 can hold, got float16 cannot',
  );
});
