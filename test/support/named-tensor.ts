import { MemoryBytes } from '../../src/core/bytes.js';
import type { LazyTensor } from '../../src/checkpoint/lazy-tensor.js';
import type { Naming } from '../../src/checkpoint/name-table.js';
import { untranslate } from '../../src/checkpoint/state-dict.js';
import { StoredTensor } from '../../src/checkpoint/stored-tensor.js';
import type { Shape } from '../../src/tensor/shape.js';

/** A tensor of float32 in memory. */
export interface NamedTensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** The same as a tensor of a file. */
export function inFile({ shape, data }: NamedTensor): StoredTensor {
  const source = new MemoryBytes('memory', new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return StoredTensor.contiguous({ source, byteOffset: 0, length: data.length, dtype: 'float32' }, shape);
}

/** Reads all of them. */
export async function readAll(tensors: ReadonlyMap<string, LazyTensor>): Promise<Map<string, NamedTensor>> {
  const read = new Map<string, NamedTensor>();
  for (const [name, tensor] of tensors) read.set(name, { shape: tensor.shape, data: await tensor.read() });
  return read;
}

/** Canonical tensors as the files of one family name and shape them. */
export function stateDictOf(
  tensors: ReadonlyMap<string, NamedTensor>,
  naming: Naming,
): Promise<Map<string, NamedTensor>> {
  const lazy = new Map([...tensors].map(([name, tensor]) => [name, inFile(tensor)]));
  return readAll(untranslate(lazy, naming));
}
