import type { ByteSource } from '../core/bytes.js';
import { sizeOf, stridesOf, type Shape } from '../tensor/shape.js';
import { decode, itemSizes } from './dtype.js';
import type { DType, LazyTensor } from './lazy-tensor.js';
import { quoted, refuse } from './refusal.js';
import { rowMajor } from './row-major.js';

/** A run of elements in a file; whoever makes one has checked that it lies inside the file. */
export interface Storage {
  readonly source: ByteSource;
  /** Where the first element starts. */
  readonly byteOffset: number;
  /** Number of elements. */
  readonly length: number;
  readonly dtype: DType;
}

/** Which elements of a storage a tensor shows, in elements. */
export interface View {
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
}

const maximumRank = 8;

/** A strided view of elements in a file. Views of views cost nothing; bytes are read when `read` is called. */
export class StoredTensor implements LazyTensor {
  readonly #storage: Storage;
  readonly #view: View;

  private constructor(storage: Storage, view: View) {
    this.#storage = storage;
    this.#view = view;
  }

  /** @throws InputError (`hostile`) when the view leaves its storage or shows an element more than once. */
  static create(name: string, storage: Storage, view: View): StoredTensor {
    const problem = viewProblem(storage.length, view);
    if (problem === undefined) return new StoredTensor(storage, view);
    throw refuse('hostile', storage.source.name, {
      expected: `tensor ${quoted(name)} to lie inside its storage of ${storage.length} elements`,
      received: problem,
      fix: 'The file lies about sizes: do not trust it.',
    });
  }

  /** The whole storage, row-major, as `shape`; for readers that have checked that the sizes agree. */
  static contiguous(storage: Storage, shape: Shape): StoredTensor {
    return new StoredTensor(storage, { offset: 0, shape, strides: stridesOf(shape) });
  }

  get dtype(): DType {
    return this.#storage.dtype;
  }

  get shape(): Shape {
    return this.#view.shape;
  }

  /** Rows `start … start + count` of the first axis. */
  rows(start: number, count: number): StoredTensor {
    const { offset, shape, strides } = this.#view;
    const view = { offset: offset + start * strides[0], shape: [count, ...shape.slice(1)], strides };
    return new StoredTensor(this.#storage, view);
  }

  /** Axes in reverse order. */
  transposed(): StoredTensor {
    const { offset, shape, strides } = this.#view;
    return new StoredTensor(this.#storage, { offset, shape: shape.toReversed(), strides: strides.toReversed() });
  }

  /** A tensor of one element as a scalar. */
  scalar(): StoredTensor {
    return new StoredTensor(this.#storage, { offset: this.#view.offset, shape: [], strides: [] });
  }

  async read(): Promise<Float32Array> {
    return decode(await this.readBytes(), this.dtype);
  }

  async readBytes(): Promise<Uint8Array> {
    const { source, byteOffset, dtype } = this.#storage;
    const { offset, shape, strides } = this.#view;
    if (sizeOf(shape) === 0) return new Uint8Array(0);
    const itemSize = itemSizes[dtype];
    const bytes = await source.read(byteOffset + offset * itemSize, spanOf(this.#view) * itemSize);
    return rowMajor(bytes, itemSize, shape, strides);
  }
}

/** Elements from the first to the last that a view shows, both included. */
function spanOf({ shape, strides }: View): number {
  return shape.reduce((span, length, axis) => span + (length - 1) * strides[axis], 1);
}

function viewProblem(available: number, view: View): string | undefined {
  const { offset, shape, strides } = view;
  const numbers = [offset, ...shape, ...strides];
  if (shape.length > maximumRank) return `${shape.length} axes`;
  if (shape.length !== strides.length) return `${shape.length} lengths with ${strides.length} strides`;
  if (!numbers.every((value) => Number.isSafeInteger(value) && value >= 0)) return `sizes of ${numbers.join(', ')}`;
  const count = sizeOf(shape);
  if (count === 0) return undefined;
  // more elements than the storage means that some repeat: a few bytes could ask for any amount of memory
  if (count > available) return `${count} elements (shape ${shape.join(' x ')})`;
  const end = offset + spanOf(view);
  return end > available ? `elements up to number ${end}` : undefined;
}
