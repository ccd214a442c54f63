import { sizeOf, type Shape } from '../tensor/shape.js';
import { decode, isFloating, itemSizes, type FloatType } from './dtype.js';
import { encodeFloats } from './encode.js';
import type { DType, LazyTensor } from './lazy-tensor.js';
import { rowMajor } from './row-major.js';

function derived(dtype: DType, shape: Shape, readBytes: () => Promise<Uint8Array>): LazyTensor {
  return { dtype, shape, readBytes, read: async () => decode(await readBytes(), dtype) };
}

/** A matrix with rows and columns exchanged, to the bit. */
export function transposed(tensor: LazyTensor): LazyTensor {
  const [rows, columns] = tensor.shape;
  return derived(tensor.dtype, [columns, rows], async () =>
    rowMajor(await tensor.readBytes(), itemSizes[tensor.dtype], [columns, rows], [1, columns]),
  );
}

/**
 * Tensors of equal rows one below the other. Where their element types differ, in the smallest one that holds the values
 * of all exactly.
 * @param name for messages
 * @throws RangeError when one is not floating point
 */
export function stacked(name: string, parts: readonly LazyTensor[]): LazyTensor {
  const dtype = commonType(name, parts);
  const rows = parts.reduce((sum, { shape }) => sum + shape[0], 0);
  return derived(dtype, [rows, ...parts[0].shape.slice(1)], async () => {
    const bytes = new Uint8Array(parts.reduce((sum, { shape }) => sum + sizeOf(shape), 0) * itemSizes[dtype]);
    let position = 0;
    for (const part of parts) {
      const own = await storedAs(name, part, dtype).readBytes();
      bytes.set(own, position);
      position += own.length;
    }
    return bytes;
  });
}

function commonType(name: string, parts: readonly LazyTensor[]): FloatType {
  const [first, ...others] = parts.map(({ dtype }) => {
    if (!isFloating(dtype)) throw new RangeError(`"${name}" cannot be made of ${dtype}`);
    return dtype;
  });
  if (others.every((dtype) => dtype === first)) return first;
  // float16 is finer than bfloat16, bfloat16 reaches further: only a wider type holds both
  return [first, ...others].includes('float64') ? 'float64' : 'float32';
}

/**
 * A tensor as another element type, rounded to the nearest, ties to even; in its own type to the bit. Reading throws
 * InputError (`unsupported`) where a value does not fit.
 * @param name for messages
 */
export function storedAs(name: string, tensor: LazyTensor, dtype: FloatType): LazyTensor {
  if (tensor.dtype === dtype) return tensor;
  return derived(dtype, tensor.shape, async () => encodeFloats(name, await tensor.read(), dtype));
}
