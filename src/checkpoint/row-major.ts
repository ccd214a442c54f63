import { sizeOf, stridesOf, type Shape } from '../tensor/shape.js';
import { ownBuffer } from './dtype.js';

type Words = Uint8Array | Uint16Array | Uint32Array;

/**
 * The elements that a strided view shows, in row-major order, to the bit. What is in that order already comes back as it
 * is, not copied.
 * @param bytes from the view's first element on
 * @param itemSize bytes of one element: 1, 2, 4 or 8
 * @param strides in elements
 */
export function rowMajor(bytes: Uint8Array, itemSize: number, shape: Shape, strides: readonly number[]): Uint8Array {
  if (isRowMajor(shape, strides)) return bytes;
  const span = wordsOf(bytes, itemSize);
  if (itemSize < 8) return gather(span, shape, strides);
  // eight bytes go as two words: a number of 64 bits is an object here
  return gather(span, [...shape, 2], [...strides.map((stride) => 2 * stride), 1]);
}

function isRowMajor(shape: Shape, strides: readonly number[]): boolean {
  const expected = stridesOf(shape);
  return shape.every((length, axis) => length === 1 || strides[axis] === expected[axis]);
}

function wordsOf(bytes: Uint8Array, itemSize: number): Words {
  const buffer = ownBuffer(bytes);
  if (itemSize === 1) return new Uint8Array(buffer);
  return itemSize === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer);
}

function gather(span: Words, shape: Shape, strides: readonly number[]): Uint8Array {
  const values = emptyLike(span, sizeOf(shape));
  const index = new Array<number>(shape.length).fill(0);
  let position = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] = span[position];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] += 1;
      position += strides[axis];
      if (index[axis] < shape[axis]) break;
      position -= shape[axis] * strides[axis];
      index[axis] = 0;
    }
  }
  return new Uint8Array(values.buffer);
}

function emptyLike(words: Words, length: number): Words {
  if (words instanceof Uint8Array) return new Uint8Array(length);
  return words instanceof Uint16Array ? new Uint16Array(length) : new Uint32Array(length);
}
