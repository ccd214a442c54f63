import { stridesOf, type Shape } from '../../src/tensor/shape.js';
import { writePickle, type PickleItem } from './write-pickle.js';
import { join, writeZip, type ZipFile } from './write-zip.js';

/** A float32 tensor as PyTorch would save it, a view of a storage of its own. */
export interface SavedTensor {
  readonly shape: Shape;
  /** The storage. */
  readonly data: Float32Array;
  /** In elements; row-major from the start where left out. */
  readonly strides?: readonly number[];
  readonly offset?: number;
}

export type SavedTensors = ReadonlyMap<string, SavedTensor>;

/** `torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())`. */
export function tensorItem(
  key: string,
  { shape, data, strides, offset }: SavedTensor,
  idTail: PickleItem[] = [],
): PickleItem {
  const type = { global: 'torch', name: 'FloatStorage' };
  return {
    call: { global: 'torch._utils', name: '_rebuild_tensor_v2' },
    args: [
      { persistent: { tuple: ['storage', type, key, 'cpu', data.length, ...idTail] } },
      offset ?? 0,
      { tuple: shape },
      { tuple: strides ?? stridesOf(shape) },
      false,
      orderedDict([]),
    ],
  };
}

/** A state dict: an `OrderedDict` with a storage for each tensor, keys "0", "1", … */
export function stateDictItem(tensors: SavedTensors, idTail: PickleItem[] = []): PickleItem {
  return orderedDict([...tensors].map(([name, tensor], index) => [name, tensorItem(String(index), tensor, idTail)]));
}

function orderedDict(entries: readonly (readonly [PickleItem, PickleItem])[]): PickleItem {
  const pairs = entries.map(([key, value]) => ({ tuple: [key, value] }));
  return { call: { global: 'collections', name: 'OrderedDict' }, args: pairs.length === 0 ? [] : [pairs] };
}

/** What `torch.save` writes since 2020. */
export function writeTorchZip(
  tensors: SavedTensors,
  root = stateDictItem(tensors),
  extra: readonly ZipFile[] = [],
): Uint8Array {
  return writeZip([
    { name: 'archive/data.pkl', content: writePickle(root) },
    { name: 'archive/byteorder', content: new TextEncoder().encode('little') },
    ...[...tensors.values()].map(({ data }, index) => ({ name: `archive/data/${index}`, content: bytesOf(data) })),
    { name: 'archive/version', content: new TextEncoder().encode('3\n') },
    ...extra,
  ]);
}

/** What `torch.save` wrote before. */
export function writeTorchLegacy(tensors: SavedTensors, root = stateDictItem(tensors, [null])): Uint8Array {
  const magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
  const storages = [...tensors.values()].map(({ data }) => {
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigInt64(0, BigInt(data.length), true);
    return join([length, bytesOf(data)]);
  });
  return join([
    Uint8Array.from(magic),
    writePickle(1001),
    writePickle({
      dict: [
        ['protocol_version', 1001],
        ['little_endian', true],
      ],
    }),
    writePickle(root),
    writePickle([...tensors.keys()].map((_, index) => String(index))),
    ...storages,
  ]);
}

/** A TorchScript archive: the same tensors as attributes of a tree of modules. */
export function writeTorchScript(tensors: SavedTensors): Uint8Array {
  const items = new Map([...tensors].map(([name, tensor], index) => [name, tensorItem(String(index), tensor)]));
  const script = {
    name: 'archive/code/__torch__/clip.py',
    content: new TextEncoder().encode('import os'),
    compressed: true,
  };
  return writeTorchZip(tensors, moduleItem(items), [script]);
}

function moduleItem(items: ReadonlyMap<string, PickleItem>): PickleItem {
  const own: [PickleItem, PickleItem][] = [['training', false]];
  const children = new Map<string, Map<string, PickleItem>>();
  for (const [name, item] of items) {
    const [head, ...rest] = name.split('.');
    if (rest.length === 0) own.push([head, item]);
    else children.set(head, (children.get(head) ?? new Map<string, PickleItem>()).set(rest.join('.'), item));
  }
  for (const [name, child] of children) own.push([name, moduleItem(child)]);
  return { object: { global: '__torch__.clip', name: 'Module' }, state: { dict: own } };
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
