import { formatShape, sizeOf, type Shape } from './shape.js';

/** A dense float32 tensor, row-major. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** A dense int64 tensor, row-major: token ids, class labels. */
export interface IntTensor {
  readonly shape: Shape;
  readonly data: BigInt64Array;
}

/** @throws RangeError when `data` does not have as many elements as `shape`; without `data`, zeros. */
export function tensor(shape: Shape, data?: Float32Array | readonly number[]): Tensor {
  const values =
    data === undefined
      ? new Float32Array(sizeOf(shape))
      : data instanceof Float32Array
        ? data
        : Float32Array.from(data);
  if (values.length !== sizeOf(shape)) {
    throw new RangeError(`tensor: shape ${formatShape(shape)} needs ${sizeOf(shape)} elements, got ${values.length}`);
  }
  return { shape, data: values };
}

/** @throws RangeError when `values` does not have as many elements as `shape`. */
export function intTensor(shape: Shape, values: readonly number[]): IntTensor {
  if (values.length !== sizeOf(shape)) {
    throw new RangeError(`tensor: shape ${formatShape(shape)} needs ${sizeOf(shape)} elements, got ${values.length}`);
  }
  return { shape, data: BigInt64Array.from(values, BigInt) };
}
