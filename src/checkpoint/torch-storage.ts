import type { ByteSource } from '../core/bytes.js';
import { itemSizes } from './dtype.js';
import { describeValue, isKind, type PickleStorage, type PickleTensor, type PickleValue } from './pickle-value.js';
import { quoted, refuse } from './refusal.js';
import { StoredTensor } from './stored-tensor.js';

/**
 * Reads the persistent id of a storage, `('storage', type, key, location, length)`; the format before 2020 adds
 * `None` or `(view key, start, length)` for a storage that is part of another.
 * @throws InputError (`hostile`) for a pickled module with its source code, (`malformed`) for anything else.
 */
export function parseStorage(file: string, id: PickleValue): PickleStorage {
  const parts = Array.isArray(id) ? id : [];
  const [tag, type, key, , length, part = null] = parts;
  if (tag === 'module') {
    throw refuse('hostile', file, {
      expected: 'tensors',
      received: 'a pickled module with its source code',
      fix: 'Save `model.state_dict()` instead.',
    });
  }
  const elementType = isKind(type, 'global') ? type.storage : undefined;
  const known = tag === 'storage' && typeof key === 'string' && elementType !== undefined && isLength(length);
  if (known && key.length <= 256) {
    const dtype = elementType === 'untyped' ? undefined : elementType;
    if (part === null) return { kind: 'storage', key, start: 0, length, dtype };
    const [, start, partLength] = Array.isArray(part) ? part : [];
    if (isLength(start) && isLength(partLength) && start + partLength <= length) {
      return { kind: 'storage', key, start, length: partLength, dtype };
    }
  }
  throw refuse('malformed', file, {
    expected: "a storage ('storage', type, key, location, length)",
    received: Array.isArray(id) ? `(${parts.slice(0, 6).map(describeValue).join(', ')})` : describeValue(id),
  });
}

/** Bytes that a storage of `length` elements takes; an untyped one counts bytes. */
export function storageBytes({ dtype }: Pick<PickleStorage, 'dtype'>, length: number): number {
  return length * (dtype === undefined ? 1 : itemSizes[dtype]);
}

/**
 * A tensor over storage bytes that have been found at `byteOffset`.
 * @throws InputError (`hostile`) when it leaves its storage.
 */
export function placeTensor(name: string, tensor: PickleTensor, source: ByteSource, byteOffset: number): StoredTensor {
  const { storage, dtype, offset, shape, strides } = tensor;
  const start = byteOffset + storageBytes(storage, storage.start);
  const length = Math.floor(storageBytes(storage, storage.length) / itemSizes[dtype]);
  return StoredTensor.create(name, { source, byteOffset: start, length, dtype }, { offset, shape, strides });
}

/** The error for a storage that a pickle names and the file does not have as described. */
export function storageMissing(file: string, name: string, expected: string, received: string): Error {
  return refuse('hostile', file, {
    expected: `${expected} for tensor ${quoted(name)}`,
    received,
    fix: 'The file is cut short or lies about sizes: download it again from a source you trust.',
  });
}

function isLength(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= 2 ** 44;
}
