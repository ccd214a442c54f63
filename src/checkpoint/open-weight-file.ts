import type { ByteSource } from '../core/bytes.js';
import { sizeOf } from '../tensor/shape.js';
import { itemSizes } from './dtype.js';
import { quoted, refuse } from './refusal.js';
import { openSafetensors } from './safetensors.js';
import type { StoredTensor } from './stored-tensor.js';
import type { TorchContainer, TorchFile } from './torch-file.js';
import { openTorchLegacy } from './torch-legacy.js';
import { openTorchZip } from './torch-zip.js';
import { unwrapTensors, withoutPrefixes } from './unwrap.js';

export type Container = 'safetensors' | TorchContainer;

/** The tensors of one file by the model's own names. */
export interface WeightFile {
  readonly container: Container;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * Opens a weight file of any kind that is read here, by its first bytes rather than its name.
 * @throws InputError naming what is wrong, or what the file is instead.
 */
export async function openWeightFile(source: ByteSource): Promise<WeightFile> {
  const start = await source.read(0, Math.min(source.size, 64));
  if (isSafetensors(source, start)) {
    const { tensors } = await openSafetensors(source);
    return { container: 'safetensors', tensors: withoutPrefixes(new Map(tensors)) };
  }
  if (begins(start, 'PK')) return fromTorch(source, await openTorchZip(source));
  // PROTO, the first opcode of every pickle since protocol 2; older ones begin with what they hold
  if (start[0] === 0x80 || /\.(?:pt|pth|bin|ckpt|pkl)$/.test(source.name)) {
    if (!isPointer(start)) return fromTorch(source, await openTorchLegacy(source));
  }
  throw refuse('unsupported', source.name, {
    expected: 'safetensors or a PyTorch file',
    received: isPointer(start) ? 'a pointer of Git LFS' : describeStart(start),
    fix: isPointer(start) ? 'Fetch the file itself: git lfs pull.' : 'Check that this is the checkpoint.',
  });
}

/** The length of a JSON header, and its opening brace; a file that calls itself so is held to it. */
function isSafetensors(source: ByteSource, start: Uint8Array): boolean {
  if (isPointer(start)) return false;
  return source.name.endsWith('.safetensors') || (start.length > 8 && start[8] === 0x7b && start[7] === 0);
}

function isPointer(start: Uint8Array): boolean {
  return begins(start, 'version https://git-lfs');
}

function begins(start: Uint8Array, text: string): boolean {
  return new TextDecoder('latin1').decode(start.subarray(0, text.length)) === text;
}

function describeStart(start: Uint8Array): string {
  if (start.length === 0) return 'an empty file';
  return `a file that begins with ${quoted(new TextDecoder('latin1').decode(start.subarray(0, 16)))}`;
}

async function fromTorch(source: ByteSource, file: TorchFile): Promise<WeightFile> {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of unwrapTensors(source.name, file.root)) {
    tensors.set(name, await file.locate(name, tensor));
  }
  refuseRepetition(source, tensors.values());
  return { container: file.container, tensors };
}

/**
 * Each tensor is no larger than the file, but a thousand could be views of the same bytes: loading them all would take a
 * thousand times the file. Tied weights, the honest case, double a tensor or two.
 */
function refuseRepetition(source: ByteSource, tensors: Iterable<StoredTensor>): void {
  let bytes = 0;
  for (const { shape, dtype } of tensors) bytes += sizeOf(shape) * itemSizes[dtype];
  if (bytes <= 2 * source.size) return;
  throw refuse('hostile', source.name, {
    expected: `tensors of about the file's ${source.size} bytes`,
    received: `${bytes} bytes in views of each other`,
    fix: 'The file is made to exhaust memory.',
  });
}
