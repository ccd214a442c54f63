import type { ByteSource } from '../core/bytes.js';
import { unpickle } from './pickle.js';
import { PickleCutShort } from './pickle-reader.js';
import type { PickleTensor } from './pickle-value.js';
import { quoted, refuse } from './refusal.js';
import type { StoredTensor } from './stored-tensor.js';
import { maximumPickleBytes, type TorchFile } from './torch-file.js';
import { parseStorage, placeTensor, storageBytes, storageMissing } from './torch-storage.js';
import { ZipArchive } from './zip-archive.js';

/**
 * Opens what `torch.save` writes since 2020, or a TorchScript archive: `<top>/data.pkl` and `<top>/data/<key>`. Of a
 * TorchScript archive neither `code/` nor `constants.pkl` is read: weights are attributes of its modules.
 * @throws InputError naming the first thing that is wrong.
 */
export async function openTorchZip(source: ByteSource): Promise<TorchFile> {
  const archive = await ZipArchive.open(source);
  const top = topFolder(source.name, archive);
  await checkByteOrder(source.name, archive, top);
  const bytes = await archive.read(`${top}/data.pkl`, maximumPickleBytes);
  if (bytes === undefined) throw notTorch(source.name, 'none');
  const { value: root } = readWhole(source.name, bytes);
  const script = [...archive.names].some((name) => name === `${top}/constants.pkl` || name.startsWith(`${top}/code/`));
  return {
    container: script ? 'torchscript' : 'torch-zip',
    root,
    locate: (name, tensor) => locate(source, archive, top, name, tensor),
  };
}

function topFolder(file: string, archive: ZipArchive): string {
  const tops = [...archive.names].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (tops.length === 1) return tops[0].slice(0, -'/data.pkl'.length);
  throw notTorch(file, tops.length === 0 ? 'none' : `${tops.length} of them`);
}

function notTorch(file: string, received: string): Error {
  return refuse('unsupported', file, {
    expected: 'a zip that PyTorch wrote, with one `data.pkl` in its top folder',
    received,
    fix: 'If this is a zip of a model folder, unpack it and give the folder.',
  });
}

async function checkByteOrder(file: string, archive: ZipArchive, top: string): Promise<void> {
  const bytes = await archive.read(`${top}/byteorder`, 64);
  const order = bytes === undefined ? 'little' : new TextDecoder().decode(bytes);
  if (order === 'little') return;
  throw refuse('unsupported', file, {
    expected: 'little-endian tensors',
    received: `byte order ${quoted(order)}`,
    fix: 'Save it again on a little-endian machine.',
  });
}

function readWhole(file: string, bytes: Uint8Array) {
  try {
    return unpickle(file, bytes, 0, (id) => parseStorage(file, id));
  } catch (thrown) {
    if (!(thrown instanceof PickleCutShort)) throw thrown;
    throw refuse('malformed', file, { expected: 'a whole pickle in data.pkl', received: 'one that is cut short' });
  }
}

async function locate(
  source: ByteSource,
  archive: ZipArchive,
  top: string,
  name: string,
  tensor: PickleTensor,
): Promise<StoredTensor> {
  const { storage } = tensor;
  const entry = `${top}/data/${storage.key}`;
  const range = await archive.find(entry);
  const bytes = storageBytes(storage, storage.length);
  if (range?.length === bytes) return placeTensor(name, tensor, source, range.offset);
  const received = range === undefined ? 'no such entry' : `${range.length} bytes`;
  throw storageMissing(source.name, name, `${bytes} bytes in ${quoted(entry)}`, received);
}
