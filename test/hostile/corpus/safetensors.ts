import type { InputErrorCode } from '../../../src/core/errors.js';
import { join } from '../../support/write-zip.js';
import { text, type HostileFile } from './hostile-file.js';

/** A safetensors file with this header text and 64 bytes of data. */
export function withHeader(header: string, length = BigInt(text(header).length)): Uint8Array {
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, length, true);
  return join([prefix, text(header), new Uint8Array(64)]);
}

function headerOf(name: string, header: unknown, names: string, code: InputErrorCode = 'hostile'): HostileFile {
  const bytes = withHeader(typeof header === 'string' ? header : JSON.stringify(header));
  return { name, files: { 'model.safetensors': bytes }, code, names };
}

export const entry = (dtype: string, shape: number[], begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

export const hostileHeaders: readonly HostileFile[] = [
  {
    name: 'a header of 2^60 bytes',
    files: { 'model.safetensors': withHeader('{}', 2n ** 60n) },
    code: 'hostile',
    names: '1152921504606846976',
  },
  {
    name: 'a header longer than the file',
    files: { 'model.safetensors': withHeader('{}', 1000n) },
    code: 'hostile',
    names: 'claims 1000',
  },
  {
    name: 'a file of three bytes',
    files: { 'model.safetensors': new Uint8Array(3) },
    code: 'malformed',
    names: '3 bytes',
  },
  headerOf('a header that is not JSON', '{"a": ', 'JSON', 'malformed'),
  headerOf('a header that is a list', '[1, 2]', 'JSON object', 'malformed'),
  headerOf('a header of a million open brackets', '['.repeat(1_000_000), 'JSON', 'malformed'),
  headerOf(
    'a name twice',
    '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
    '"a" twice',
  ),
  headerOf(
    'offsets twice in one entry',
    '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"data_offsets":[4,8]}}',
    '"data_offsets" twice',
  ),
  headerOf('tensors that overlap', { a: entry('F32', [2], 0, 8), b: entry('F32', [2], 4, 12) }, '"a" overlapping "b"'),
  headerOf('a tensor beyond the data', { a: entry('F32', [2], 60, 68) }, 'bytes 60 to 68'),
  headerOf('a size that is not the shape', { a: entry('F32', [3], 0, 8) }, '12 bytes'),
  headerOf('a shape whose size overflows', { a: entry('F32', [2 ** 40, 2 ** 40], 0, 8) }, 'lies about sizes'),
  headerOf('offsets in the wrong order', { a: entry('F32', [2], 8, 0) }, '8 to 0'),
  headerOf('a negative length', { a: entry('F32', [-2], 0, 8) }, '"a"', 'malformed'),
  headerOf('half an element', { a: entry('F32', [1.5], 0, 6) }, '"a"', 'malformed'),
  headerOf('100 axes', { a: entry('F32', new Array<number>(100).fill(1), 0, 4) }, '"a"', 'malformed'),
  headerOf('the keys of an older format', { a: { dtype: 'F32', shape: [1], offsets: [0, 4] } }, '"a"', 'malformed'),
  headerOf('an element type of the future', { a: entry('F4', [8], 0, 4) }, '"F4"', 'unsupported'),
  headerOf('metadata that is not text', { __metadata__: { format: 5 } }, '__metadata__', 'malformed'),
  headerOf('a tensor named __proto__', '{"__proto__":{"dtype":"F32","shape":[9],"data_offsets":[0,4]}}', '__proto__'),
];
