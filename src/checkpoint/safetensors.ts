import { z } from 'zod';

import type { ByteSource } from '../core/bytes.js';
import { messageOf } from '../core/errors.js';
import { formatShape, sizeOf, type Shape } from '../tensor/shape.js';
import { itemSizes } from './dtype.js';
import { duplicateKey } from './json-duplicates.js';
import type { DType } from './lazy-tensor.js';
import { quoted, refuse } from './refusal.js';
import { StoredTensor } from './stored-tensor.js';

/** The names that the format gives to element types. */
const dtypeNames: ReadonlyMap<string, DType> = new Map([
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
]);

const formatNames: ReadonlyMap<DType, string> = new Map([...dtypeNames].map(([name, dtype]) => [dtype, name]));

/** The format allows 100 MB; the largest CLIP needs a few hundred kB, and a parsed header takes many times its bytes. */
const maximumHeaderBytes = 4 * 2 ** 20;

const lengthSchema = z.int().min(0);
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(lengthSchema).max(8),
  data_offsets: z.tuple([lengthSchema, lengthSchema]),
});
const metadataSchema = z.record(z.string(), z.string());

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads the header of a safetensors file; no tensor is read.
 * @throws InputError (`malformed`, `hostile` or `unsupported`) naming the first thing that is wrong.
 */
export async function openSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  const length = await headerLength(source);
  const header = parseHeader(source.name, await source.read(8, length));
  const dataStart = 8 + length;
  const tensors = new Map<string, StoredTensor>();
  const ranges: Range[] = [];
  let metadata = new Map<string, string>();
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      const parsed = metadataSchema.safeParse(value);
      if (!parsed.success) throw malformedEntry(source.name, name, 'strings by name', parsed.error.issues[0].message);
      metadata = new Map(Object.entries(parsed.data));
      continue;
    }
    const { dtype, shape, begin, end } = parseEntry(source.name, name, value);
    if (end > source.size - dataStart) {
      throw refuse('hostile', source.name, {
        expected: `tensor ${quoted(name)} inside the ${source.size - dataStart} bytes of data`,
        received: `bytes ${begin} to ${end}`,
        fix: 'The file is cut short or lies about sizes: download it again from a source you trust.',
      });
    }
    ranges.push({ name, begin, end });
    tensors.set(
      name,
      StoredTensor.contiguous({ source, byteOffset: dataStart + begin, length: sizeOf(shape), dtype }, shape),
    );
  }
  refuseOverlaps(source.name, ranges);
  return { tensors, metadata };
}

async function headerLength(source: ByteSource): Promise<number> {
  if (source.size < 10) {
    throw refuse('malformed', source.name, {
      expected: 'a safetensors file (8 bytes of length and a JSON header)',
      received: `${source.size} bytes`,
      fix: 'Download it again.',
    });
  }
  const bytes = await source.read(0, 8);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > maximumHeaderBytes || length > source.size - 8) {
    throw refuse('hostile', source.name, {
      expected: `a header of at most ${Math.min(maximumHeaderBytes, source.size - 8)} bytes`,
      received: `one that claims ${length.toString()}`,
      fix: 'This is not a safetensors file, or one that is cut short or lies about sizes.',
    });
  }
  return Number(length);
}

function parseHeader(file: string, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    parsed = JSON.parse(text);
  } catch (thrown) {
    throw refuse('malformed', file, { expected: 'a JSON header', received: messageOf(thrown), cause: thrown });
  }
  const repeated = duplicateKey(text);
  if (repeated !== undefined) {
    throw refuse('hostile', file, {
      expected: 'each name once in the header',
      received: `${quoted(repeated)} twice`,
      fix: 'Programs would disagree about what this file holds: do not trust it.',
    });
  }
  if (!isObject(parsed))
    throw refuse('malformed', file, { expected: 'a JSON object as header', received: 'something else' });
  return parsed;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Entry {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

function parseEntry(file: string, name: string, value: unknown): Entry {
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const received = issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`;
    throw malformedEntry(file, name, 'dtype, shape and data_offsets', received);
  }
  const { shape, data_offsets } = parsed.data;
  const [begin, end] = data_offsets;
  const dtype = dtypeNames.get(parsed.data.dtype);
  if (dtype === undefined) {
    throw refuse('unsupported', file, {
      expected: `tensor ${quoted(name)} with one of the element types ${[...dtypeNames.keys()].join(', ')}`,
      received: quoted(parsed.data.dtype),
    });
  }
  const bytes = sizeOf(shape) * itemSizes[dtype];
  if (!Number.isSafeInteger(bytes) || end - begin !== bytes) {
    throw refuse('hostile', file, {
      expected: `${bytes} bytes for tensor ${quoted(name)} of shape ${formatShape(shape)}, ${parsed.data.dtype}`,
      received: `data_offsets ${begin} to ${end}`,
      fix: 'The header lies about sizes: do not trust this file.',
    });
  }
  return { dtype, shape, begin, end };
}

function malformedEntry(file: string, name: string, expected: string, received: string): Error {
  return refuse('malformed', file, { expected: `${expected} for ${quoted(name)}`, received });
}

interface Range {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

function refuseOverlaps(file: string, ranges: readonly Range[]): void {
  const sorted = ranges.filter(({ begin, end }) => begin < end).sort((a, b) => a.begin - b.begin);
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i].begin >= sorted[i - 1].end) continue;
    throw refuse('hostile', file, {
      expected: 'each tensor in bytes of its own',
      received: `${quoted(sorted[i - 1].name)} overlapping ${quoted(sorted[i].name)}`,
      fix: 'No honest writer does this: do not trust the file.',
    });
  }
}

/** A tensor to be written: float32, or int64. */
export interface WritableTensor {
  readonly shape: Shape;
  readonly data: Float32Array | BigInt64Array;
}

/** A tensor of a file that is being written, in the order of the file. */
export interface Placed {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Header length and header of a file that holds the tensors in this order, padded so that data is aligned to 8 bytes. */
export function headerOf(tensors: readonly Placed[], metadata: ReadonlyMap<string, string>): Uint8Array {
  const header: Record<string, unknown> = {};
  if (metadata.size > 0) header['__metadata__'] = Object.fromEntries(metadata);
  let position = 0;
  for (const { name, dtype, shape } of tensors) {
    const end = position + sizeOf(shape) * itemSizes[dtype];
    header[name] = { dtype: formatNames.get(dtype), shape, data_offsets: [position, end] };
    position = end;
  }
  const unpadded = new TextEncoder().encode(JSON.stringify(header));
  const length = 8 + Math.ceil(unpadded.length / 8) * 8;
  const out = new Uint8Array(length).fill(0x20, 8);
  new DataView(out.buffer).setBigUint64(0, BigInt(length - 8), true);
  out.set(unpadded, 8);
  return out;
}

/** The bytes of an array as they lie in memory. */
export function rawBytes(data: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The error for a tensor whose data do not fill its shape. */
export function wrongLength(name: string, shape: Shape, length: number): RangeError {
  return new RangeError(`safetensors: "${name}" of shape ${formatShape(shape)} cannot hold ${length} elements`);
}

/**
 * The bytes of a safetensors file, int64 tensors first, otherwise in the order given.
 * @throws RangeError when a tensor's data does not have as many elements as its shape.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, WritableTensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  // the format wants no gaps, so int64 before float32 keeps every tensor on its own alignment
  const ordered = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  const placed = ordered.map(([name, { shape, data }]): Placed => {
    if (data.length !== sizeOf(shape)) throw wrongLength(name, shape, data.length);
    return { name, dtype: data instanceof Float32Array ? 'float32' : 'int64', shape };
  });
  const header = headerOf(placed, metadata);
  const file = new Uint8Array(ordered.reduce((sum, [, { data }]) => sum + data.byteLength, header.length));
  file.set(header);
  let position = header.length;
  for (const [, { data }] of ordered) {
    file.set(rawBytes(data), position);
    position += data.byteLength;
  }
  return file;
}
