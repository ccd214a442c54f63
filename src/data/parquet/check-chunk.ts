import { readThrift, thriftNumber, thriftStruct, type ThriftStruct } from './thrift.js';

/** What the footer says of the pages of one column in one row group. */
export interface ChunkPromise {
  readonly rows: number;
  /** How many of the column and the groups around it may be null. */
  readonly maxDefinitionLevel: number;
  /** Bytes of the pages after decompression, all together. */
  readonly uncompressedSize: number;
  /** @throws when the page does not decompress to so many bytes. */
  decompress(page: Uint8Array, length: number): Uint8Array;
}

const pageTypes = { data: 0, dictionary: 2, dataV2: 3 };
const encodings = { plain: 0, plainDictionary: 2, deltaBinaryPacked: 5, deltaLengthByteArray: 6, rleDictionary: 8 };
/**
 * What can be checked here, and what writers use for images, labels and captions. Left out is DELTA_BYTE_ARRAY, whose
 * few bytes can stand for values of any size.
 */
const readable = new Set(Object.values(encodings));

/**
 * Checks the pages of a column chunk before hyparquet decodes them, which believes the counts in page headers and in
 * run-length codes: a few bytes could make it fill all memory.
 * (Layout: apache/parquet-format, README.md and Encodings.md.)
 * @throws RangeError that says what is wrong
 */
export function checkChunk(chunk: Uint8Array, promise: ChunkPromise): void {
  let rows = 0;
  // what hyparquet takes for the end of a chunk
  for (let offset = 0; offset < chunk.length - 1;) {
    const { struct: header, end } = readThrift(chunk, offset);
    const compressed = required(thriftNumber(header, 3), 'the size of a page');
    const uncompressed = required(thriftNumber(header, 2), 'the size of a page');
    if (compressed > chunk.length - end) throw new RangeError(`a page of ${compressed} bytes beyond the end`);
    if (uncompressed > promise.uncompressedSize) throw new RangeError(`a page of ${uncompressed} bytes uncompressed`);
    const body = chunk.subarray(end, end + compressed);
    rows += checkPage(header, body, uncompressed, promise);
    offset = end + compressed;
  }
  if (rows !== promise.rows) throw new RangeError(`pages with ${rows} rows where ${promise.rows} are promised`);
}

/** @returns how many rows the page has */
function checkPage(header: ThriftStruct, body: Uint8Array, uncompressed: number, promise: ChunkPromise): number {
  const type = thriftNumber(header, 1);
  if (type === pageTypes.dictionary) {
    const values = required(thriftNumber(thriftStruct(header, 7), 1), 'the size of a dictionary');
    // an entry has four bytes at least, its length or its number
    if (values * 4 > uncompressed) throw new RangeError(`a dictionary of ${values} values in ${uncompressed} bytes`);
    return 0;
  }
  if (type === pageTypes.data) {
    const data = thriftStruct(header, 5);
    const values = countOf(data, promise.rows);
    const page = promise.decompress(body, uncompressed);
    const at = promise.maxDefinitionLevel === 0 ? 0 : checkLevels(page, promise.maxDefinitionLevel, values);
    checkValues(page.subarray(at), encodingOf(data, 2), values);
    return values;
  }
  if (type === pageTypes.dataV2) {
    const data = thriftStruct(header, 8);
    const values = countOf(data, promise.rows);
    const nulls = required(thriftNumber(data, 2), 'the number of nulls of a page');
    if (nulls > values) throw new RangeError(`${nulls} nulls among ${values} values`);
    const levels = [5, 6].map((field) => required(thriftNumber(data, field), 'the size of the levels'));
    const [definition, repetition] = levels;
    if (repetition !== 0 || definition > body.length || definition > uncompressed)
      throw new RangeError('levels that do not fit');
    if (promise.maxDefinitionLevel > 0) checkRuns(body, 0, widthOf(promise.maxDefinitionLevel), values);
    const rest = body.subarray(definition);
    const page = data?.get(7) === false ? rest : promise.decompress(rest, uncompressed - definition);
    checkValues(page, encodingOf(data, 4), values);
    return values;
  }
  throw new RangeError(`a page of type ${type ?? 'none'}`);
}

function required(value: number | undefined, what: string): number {
  if (value !== undefined && value >= 0) return value;
  throw new RangeError(`no number as ${what}`);
}

function countOf(data: ThriftStruct | undefined, rows: number): number {
  const values = required(thriftNumber(data, 1), 'the number of values of a page');
  if (values > rows) throw new RangeError(`${values} values in a page, of ${rows} rows`);
  return values;
}

function encodingOf(data: ThriftStruct | undefined, field: number): number {
  const encoding = required(thriftNumber(data, field), 'an encoding');
  if (readable.has(encoding)) return encoding;
  throw new RangeError(`values of encoding ${encoding}; plain, dictionary and delta encodings are read`);
}

function widthOf(maxLevel: number): number {
  return 32 - Math.clz32(maxLevel);
}

/** Definition levels of a page of the first version: their length, and then runs. @returns where they end */
function checkLevels(page: Uint8Array, maxLevel: number, values: number): number {
  const end = 4 + new DataView(page.buffer, page.byteOffset, page.byteLength).getUint32(0, true);
  if (end > page.length) throw new RangeError('levels beyond the end of their page');
  checkRuns(page, 4, widthOf(maxLevel), values);
  return end;
}

function checkValues(page: Uint8Array, encoding: number, values: number): void {
  if (encoding === encodings.plainDictionary || encoding === encodings.rleDictionary) {
    if (values > 0 && page.length > 0) checkRuns(page, 1, page[0], values);
  }
  if (encoding === encodings.deltaBinaryPacked || encoding === encodings.deltaLengthByteArray) {
    const [blockSize, at] = readVarint(page, 0);
    const [miniblocks] = readVarint(page, at);
    if (miniblocks < 1 || miniblocks > page.length || blockSize < miniblocks)
      throw new RangeError('delta blocks that do not fit');
  }
}

/** Literal runs are padded to eights, and by some writers to 63 of them. */
const literalSlack = 8 * 63;

/** Runs of the hybrid of run lengths and bit packing, until there are `values`: none is longer than all of them. */
function checkRuns(page: Uint8Array, start: number, width: number, values: number): void {
  let seen = 0;
  for (let at = start; seen < values && at < page.length;) {
    const [head, next] = readVarint(page, at);
    const literal = (head & 1) === 1;
    const count = Math.floor(head / 2) * (literal ? 8 : 1);
    if (count > values + (literal ? literalSlack : 0)) throw new RangeError(`a run of ${count} values among ${values}`);
    at = next + (literal ? (count / 8) * width : Math.ceil(width / 8));
    seen += count;
  }
}

/** @returns the number, and where it ends */
function readVarint(bytes: Uint8Array, offset: number): [number, number] {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    if (offset + i >= bytes.length) throw new RangeError('a number beyond the end of its page');
    const byte = bytes[offset + i];
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return [value, offset + i + 1];
  }
  throw new RangeError('a number of more than 35 bits');
}
