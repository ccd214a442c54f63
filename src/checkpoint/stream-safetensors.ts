import { sizeOf, type Shape } from '../tensor/shape.js';
import { itemSizes } from './dtype.js';
import { encodeFloats } from './encode.js';
import type { LazyTensor } from './lazy-tensor.js';
import { headerOf, wrongLength } from './safetensors.js';

/** What is written of a tensor, read when its turn comes. */
export type StreamedTensor = Pick<LazyTensor, 'dtype' | 'shape' | 'readBytes'>;

/**
 * A safetensors file in pieces, each tensor read when its turn comes: for checkpoints that should not be in memory whole.
 * Larger element types come first, otherwise the order is that given.
 * @throws RangeError when a tensor does not have as many bytes as its shape and type need
 */
export async function* streamTensors(
  tensors: ReadonlyMap<string, StreamedTensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): AsyncGenerator<Uint8Array> {
  // the format wants no gaps: in this order every tensor lies on a multiple of its item size
  const ordered = [...tensors].sort(([, a], [, b]) => itemSizes[b.dtype] - itemSizes[a.dtype]);
  yield headerOf(
    ordered.map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
    metadata,
  );
  for (const [name, tensor] of ordered) {
    const { dtype, shape } = tensor;
    const bytes = await tensor.readBytes();
    if (bytes.length !== sizeOf(shape) * itemSizes[dtype]) {
      throw wrongLength(name, shape, bytes.length / itemSizes[dtype]);
    }
    yield bytes;
  }
}

/** How computed weights are stored. */
export type WritableFloat = 'float32' | 'float16';

/**
 * The same for values that are computed.
 * @throws RangeError when a tensor does not have as many elements as its shape.
 * @throws InputError (`unsupported`) when float16 cannot hold a value.
 */
export function streamSafetensors(
  shapes: ReadonlyMap<string, Shape>,
  read: (name: string) => Promise<Float32Array>,
  metadata: ReadonlyMap<string, string> = new Map(),
  float: WritableFloat = 'float32',
): AsyncGenerator<Uint8Array> {
  const tensors = [...shapes].map(([name, shape]): [string, StreamedTensor] => [
    name,
    { dtype: float, shape, readBytes: async () => encodeFloats(name, await read(name), float) },
  ]);
  return streamTensors(new Map(tensors), metadata);
}
