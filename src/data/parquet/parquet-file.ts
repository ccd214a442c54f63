import { parquetMetadata, parquetReadObjects, parquetSchema, type FileMetaData, type RowGroup } from 'hyparquet';
import { compressors as allCompressors, decompressZstd } from 'hyparquet-compressors';

import type { ByteSource } from '../../core/bytes.js';
import { InputError, messageOf, type InputErrorCode } from '../../core/errors.js';
import { parseSchemaFeatures, type Features } from '../data-card.js';
import { checkChunk } from './check-chunk.js';
import { readThrift } from './thrift.js';

/** A top-level column, by what it can be used as. */
export interface ParquetColumn {
  readonly name: string;
  /** `image`: a struct with `bytes` or `path` (or both) in it; `binary`: bytes without any type. */
  readonly kind: 'image' | 'binary' | 'text' | 'integer' | 'other';
  /** As the file calls its type. */
  readonly type: string;
}

/** Rows that are stored, and read, together. */
export interface RowGroupRange {
  readonly start: number;
  readonly rows: number;
}

const magic = 'PAR1';
const tailBytes = 8;
/** The footer of a file of images is some kilobytes. */
const maxFooterBytes = 64 * 2 ** 20;
/** A column of a row group is read whole. */
const maxChunkBytes = 2 ** 30;

type SchemaNode = ReturnType<typeof parquetSchema>;

const compressors: typeof allCompressors = {
  ...allCompressors,
  // bounded by what the page promises
  ZSTD: (input, length) => decompressZstd(input, new Uint8Array(length)),
};

/**
 * A parquet file, its footer read and checked; columns are read by row group. Decoding is hyparquet's; what a hostile
 * file could make it do is looked for before.
 */
export class ParquetFile {
  readonly name: string;
  readonly rows: number;
  readonly columns: readonly ParquetColumn[];
  readonly rowGroups: readonly RowGroupRange[];
  /** What the `datasets` library wrote about the columns. */
  readonly features: Features;
  readonly #metadata: FileMetaData;
  readonly #schema: SchemaNode;

  private constructor(source: ByteSource, metadata: FileMetaData) {
    this.name = source.name;
    this.#metadata = metadata;
    this.#schema = parquetSchema(metadata);
    this.columns = this.#schema.children.map((node) => ({ name: node.element.name, ...kindOf(node) }));
    this.rows = Number(metadata.num_rows);
    let start = 0;
    this.rowGroups = metadata.row_groups.map(({ num_rows }) => {
      const rows = Number(num_rows);
      start += rows;
      return { start: start - rows, rows };
    });
    const counts = this.rowGroups.map(({ rows }) => rows);
    // no honest image takes less than a byte
    if (start !== this.rows || counts.some((rows) => rows < 0) || this.rows > source.size) {
      throw new RangeError(`${this.rows} rows, and row groups of ${counts.slice(0, 5).join(', ')}`);
    }
    const text = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
    this.features = text === undefined ? new Map() : parseSchemaFeatures(text);
  }

  /**
   * Reads the footer, and nothing else.
   * @throws InputError (`malformed`) when the file is none, is cut short, or its footer lies
   */
  static async open(source: ByteSource): Promise<ParquetFile> {
    const footer = await readFooter(source);
    return await guarded(source.name, 'a parquet footer', () => {
      // hyparquet believes the lengths of lists, and would take memory for them
      readThrift(footer, 0);
      return new ParquetFile(source, parquetMetadata(footer, { geoparquet: false }));
    });
  }

  /**
   * The values of a column in one row group.
   * @param source the same file, open
   * @returns a value a row, null where there is none; bytes are views of what was read
   * @throws InputError (`malformed`) when its pages are not what the footer says, (`unsupported`) for lists and for
   *   compression that is not read
   */
  async readColumn(source: ByteSource, group: number, column: string): Promise<readonly unknown[]> {
    const rowGroup = this.#metadata.row_groups[group];
    if (Number(rowGroup.num_rows) === 0) return [];
    const file = new LoadedChunks(source.size);
    for (const chunk of this.#chunksOf(rowGroup, column)) {
      const { start, length } = chunk;
      const numbers = [start, length, chunk.uncompressedSize];
      const sane = numbers.every((each) => Number.isSafeInteger(each) && each >= 0) && start + length <= source.size;
      if (!sane || length > maxChunkBytes || chunk.uncompressedSize > maxChunkBytes) {
        const received = `${length} bytes from ${start}, ${chunk.uncompressedSize} uncompressed`;
        throw problem(this.name, `column ${column} inside the file, at most ${maxChunkBytes} bytes of it`, received);
      }
      const bytes = new Uint8Array(await source.read(start, length));
      await guarded(this.name, `whole pages of column ${column}`, () => {
        checkChunk(bytes, chunk);
      });
      file.add(start, bytes.buffer);
    }
    const metadata = { ...this.#metadata, row_groups: [rowGroup], num_rows: rowGroup.num_rows };
    return await guarded(this.name, `values of column ${column}`, async () => {
      const options = { columns: [column], compressors, utf8: false, geoparquet: false };
      const rows: readonly Record<string, unknown>[] = await parquetReadObjects({ ...options, file, metadata });
      return rows.map((row) => row[column] ?? null);
    });
  }

  /** Where the leaves of a column lie in a row group, and what the footer says of them. */
  #chunksOf(
    rowGroup: RowGroup,
    column: string,
  ): (Parameters<typeof checkChunk>[1] & { start: number; length: number })[] {
    const node = this.#schema.children.find(({ element }) => element.name === column);
    return leavesOf(node).map(({ path, leaf, maxDefinitionLevel, repeated }) => {
      const meta = rowGroup.columns.find(
        (chunk) => chunk.meta_data?.path_in_schema.join('\0') === path.join('\0'),
      )?.meta_data;
      if (meta === undefined) throw problem(this.name, `column ${path.join('.')} in every row group`, 'none');
      if (repeated || !['BYTE_ARRAY', 'INT32', 'INT64'].includes(leaf.element.type ?? '')) {
        throw problem(this.name, 'texts, integers or bytes, one a row', `the column ${path.join('.')}`, 'unsupported');
      }
      const decompress = meta.codec === 'UNCOMPRESSED' ? (page: Uint8Array) => page : compressors[meta.codec];
      if (decompress === undefined) {
        const readable = ['UNCOMPRESSED', ...Object.keys(compressors)].join(', ');
        throw problem(this.name, `compression among ${readable}`, meta.codec, 'unsupported');
      }
      const dictionary = Number(meta.dictionary_page_offset ?? 0);
      return {
        start: dictionary === 0 ? Number(meta.data_page_offset) : dictionary,
        length: Number(meta.total_compressed_size),
        rows: Number(rowGroup.num_rows),
        maxDefinitionLevel,
        uncompressedSize: Number(meta.total_uncompressed_size),
        decompress: (page, length) => {
          const content = decompress(page, length);
          if (content.length !== length) throw new RangeError(`${content.length} bytes where ${length} are promised`);
          return content;
        },
      };
    });
  }
}

async function readFooter(source: ByteSource): Promise<Uint8Array> {
  const expected = `a parquet file: ${magic}, columns, a footer, ${magic}`;
  if (source.size < 4 + tailBytes) throw problem(source.name, expected, `${source.size} bytes`);
  const tail = await source.read(source.size - tailBytes, tailBytes);
  const end = new TextDecoder('latin1').decode(tail.subarray(4));
  if (end === 'PARE') throw problem(source.name, 'a footer that can be read', 'an encrypted one', 'unsupported');
  if (end !== magic) throw problem(source.name, expected, 'another end: no parquet file, or one that is cut short');
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true);
  if (length > source.size - tailBytes - 4 || length > maxFooterBytes) {
    const limit = Math.min(source.size - tailBytes - 4, maxFooterBytes);
    throw problem(source.name, `a footer of at most ${limit} bytes`, `one that says it has ${length}`);
  }
  return source.read(source.size - tailBytes - length, length + tailBytes);
}

/** Runs what parses; whatever it throws that is not yet for people is the file's fault. */
async function guarded<T>(name: string, expected: string, parse: () => T | Promise<T>): Promise<T> {
  try {
    return await parse();
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw problem(name, expected, `something that cannot be read (${messageOf(cause)})`, 'malformed', cause);
  }
}

function problem(
  name: string,
  expected: string,
  received: string,
  code: InputErrorCode = 'malformed',
  cause?: unknown,
): InputError {
  const fix = code === 'malformed' ? { fix: 'The file is damaged or lies about itself: download it again.' } : {};
  return new InputError({
    code,
    operation: `read ${name}`,
    expected,
    received,
    ...fix,
    ...(cause === undefined ? {} : { cause }),
  });
}

function kindOf({ element, children }: SchemaNode): Pick<ParquetColumn, 'kind' | 'type'> {
  if (children.length > 0) {
    const leaves = new Map(children.map((child) => [child.element.name, child]));
    const isBytes = (name: string): boolean => {
      const leaf = leaves.get(name);
      return leaf?.element.type === 'BYTE_ARRAY' && leaf.element.repetition_type !== 'REPEATED';
    };
    const image = element.repetition_type !== 'REPEATED' && (isBytes('bytes') || isBytes('path'));
    return { kind: image ? 'image' : 'other', type: `struct of ${[...leaves.keys()].join(', ')}` };
  }
  const { type = 'nothing', converted_type: converted, logical_type: logical } = element;
  const annotation = logical?.type ?? converted;
  const named = annotation === undefined ? type : `${type} (${annotation})`;
  if (element.repetition_type === 'REPEATED') return { kind: 'other', type: `list of ${named}` };
  if (type === 'BYTE_ARRAY' && annotation === undefined) return { kind: 'binary', type: named };
  if (type === 'BYTE_ARRAY' && ['STRING', 'UTF8', 'ENUM'].includes(annotation ?? ''))
    return { kind: 'text', type: named };
  const isInteger = annotation === undefined || /^(INTEGER|U?INT_\d+)$/.test(annotation);
  return { kind: (type === 'INT32' || type === 'INT64') && isInteger ? 'integer' : 'other', type: named };
}

interface Leaf {
  readonly path: readonly string[];
  readonly leaf: SchemaNode;
  readonly maxDefinitionLevel: number;
  readonly repeated: boolean;
}

function leavesOf(node: SchemaNode | undefined, level = 0, repeated = false): Leaf[] {
  if (node === undefined) return [];
  const { element, children, path } = node;
  const maxDefinitionLevel = level + (element.repetition_type === 'REQUIRED' ? 0 : 1);
  const inList = repeated || element.repetition_type === 'REPEATED';
  if (children.length === 0) return [{ path, leaf: node, maxDefinitionLevel, repeated: inList }];
  return children.flatMap((child) => leavesOf(child, maxDefinitionLevel, inList));
}

/** The checked bytes as the file that hyparquet reads from: it gets these and no others. */
class LoadedChunks {
  readonly byteLength: number;
  readonly #chunks: { readonly start: number; readonly bytes: ArrayBuffer }[] = [];

  constructor(byteLength: number) {
    this.byteLength = byteLength;
  }

  add(start: number, bytes: ArrayBuffer): void {
    this.#chunks.push({ start, bytes });
  }

  /** Chunks that are near each other are asked for together, with the gap between them: it is left empty. */
  slice(start: number, end = this.byteLength): ArrayBuffer {
    const whole = this.#chunks.find((chunk) => chunk.start === start && chunk.bytes.byteLength === end - start);
    if (whole !== undefined) return whole.bytes;
    const last = Math.max(...this.#chunks.map((chunk) => chunk.start + chunk.bytes.byteLength));
    if (end > last) throw new RangeError(`bytes ${start} to ${end} that were not checked`);
    const joined = new Uint8Array(end - start);
    for (const chunk of this.#chunks) {
      if (chunk.start < start || chunk.start + chunk.bytes.byteLength > end) continue;
      joined.set(new Uint8Array(chunk.bytes), chunk.start - start);
    }
    return joined.buffer;
  }
}
