import type { ByteSource } from '../core/bytes.js';
import { unpickle, type Unpickled } from './pickle.js';
import type { PersistentLoad } from './pickle-machine.js';
import { PickleCutShort } from './pickle-reader.js';
import { describeValue, type PickleStorage, type PickleTensor, type PickleValue } from './pickle-value.js';
import { quoted, refuse } from './refusal.js';
import { maximumPickleBytes, type TorchFile } from './torch-file.js';
import { parseStorage, placeTensor, storageBytes, storageMissing } from './torch-storage.js';

/** What files of `torch.save` before version 1.6 start with, as a pickled number. */
const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;
const firstWindowBytes = 2 ** 20;

/**
 * Opens what `torch.save` wrote before 2020: pickles of the magic number, the protocol, the machine's properties, the
 * object and the keys of its storages, then each storage as a 64-bit length and its elements.
 * @throws InputError naming the first thing that is wrong.
 */
export async function openTorchLegacy(source: ByteSource): Promise<TorchFile> {
  const storages = new Map<string, PickleStorage>();
  const pickles = await readPickles(source, (id) => {
    const storage = parseStorage(source.name, id);
    storages.set(storage.key, storage);
    return storage;
  });
  const positions = await locateStorages(source, pickles, storages);
  return {
    container: 'torch-legacy',
    root: pickles.root,
    locate: (name, tensor) => Promise.resolve().then(() => locate(source, positions, name, tensor)),
  };
}

interface Pickles {
  readonly root: PickleValue;
  /** Keys of the storages, in the order in which they follow. */
  readonly keys: readonly string[];
  /** Where the first storage starts. */
  readonly end: number;
}

/** Reads the pickles from a window on the file's start, a larger one when they run past it. */
async function readPickles(source: ByteSource, persistentLoad: PersistentLoad): Promise<Pickles> {
  for (let window = firstWindowBytes; ; window *= 4) {
    const size = Math.min(window, source.size, maximumPickleBytes);
    const bytes = await source.read(0, size);
    try {
      return parsePickles(source.name, bytes, persistentLoad);
    } catch (thrown) {
      if (!(thrown instanceof PickleCutShort)) throw thrown;
      if (size === source.size) {
        throw refuse('malformed', source.name, {
          expected: 'a whole pickle',
          received: 'one that is cut short',
          fix: 'Download the file again.',
        });
      }
      if (size === maximumPickleBytes) {
        throw refuse('hostile', source.name, {
          expected: `a pickle of at most ${maximumPickleBytes} bytes before the tensors`,
          received: 'a longer one',
        });
      }
    }
  }
}

function parsePickles(file: string, bytes: Uint8Array, persistentLoad: PersistentLoad): Pickles {
  const next = (start: number): Unpickled => unpickle(file, bytes, start, persistentLoad);
  const magic = next(0);
  if (magic.value !== magicNumber) throw notTorch(file, `a pickle of ${describeValue(magic.value)}`);
  const protocol = next(magic.end);
  if (protocol.value !== protocolVersion) throw notTorch(file, 'another protocol version');
  const system = next(protocol.end);
  if (!(system.value instanceof Map) || system.value.get('little_endian') !== true) {
    throw refuse('unsupported', file, {
      expected: 'little-endian tensors',
      received: 'a file of a big-endian machine',
      fix: 'Save it again on a little-endian machine.',
    });
  }
  const root = next(system.end);
  const keys = next(root.end);
  const list = Array.isArray(keys.value) ? keys.value : undefined;
  const names = list?.filter((key) => typeof key === 'string');
  if (names === undefined || names.length !== list?.length || new Set(names).size !== names.length) {
    throw refuse('malformed', file, { expected: 'the list of storage keys', received: describeValue(keys.value) });
  }
  return { root: root.value, keys: names, end: keys.end };
}

function notTorch(file: string, received: string): Error {
  return refuse('unsupported', file, {
    expected: 'a file that `torch.save` wrote',
    received,
    fix: 'If it is yours, load it in Python and save `model.state_dict()` with torch.save or as safetensors.',
  });
}

interface Position {
  readonly offset: number;
  readonly bytes: number;
}

async function locateStorages(
  source: ByteSource,
  { keys, end }: Pickles,
  storages: ReadonlyMap<string, PickleStorage>,
): Promise<ReadonlyMap<string, Position>> {
  const positions = new Map<string, Position>();
  let position = end;
  for (const key of keys) {
    const storage = storages.get(key);
    if (storage === undefined) {
      throw refuse('malformed', source.name, { expected: 'storages that the pickle names', received: quoted(key) });
    }
    const bytes = await source.read(position, 8);
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true));
    const offset = position + 8;
    position = offset + storageBytes(storage, length);
    if (length < 0 || !Number.isSafeInteger(position) || position > source.size) {
      throw refuse('hostile', source.name, {
        expected: `storage ${quoted(key)} inside the file`,
        received: `${length} elements from byte ${offset} of ${source.size}`,
        fix: 'The file is cut short or lies about sizes: download it again.',
      });
    }
    positions.set(key, { offset, bytes: position - offset });
  }
  return positions;
}

function locate(source: ByteSource, positions: ReadonlyMap<string, Position>, name: string, tensor: PickleTensor) {
  const { storage } = tensor;
  const position = positions.get(storage.key);
  const bytes = storageBytes(storage, storage.start + storage.length);
  if (position !== undefined && bytes <= position.bytes) return placeTensor(name, tensor, source, position.offset);
  const received = position === undefined ? 'no such storage' : `${position.bytes} bytes`;
  throw storageMissing(source.name, name, `${bytes} bytes in storage ${quoted(storage.key)}`, received);
}
