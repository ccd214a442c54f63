import { z } from 'zod';

import { MemoryBytes, type ByteSource, type FileStore } from '../../core/bytes.js';
import { InputError } from '../../core/errors.js';
import { withFile } from '../text-file.js';
import type { ParquetFile } from './parquet-file.js';

/** A parquet file of a data set, and its column of images. */
export interface ImageTable {
  /** Path inside the data set's folder. */
  readonly path: string;
  readonly file: ParquetFile;
  readonly column: string;
}

/** A file's rows as images go by `path#row`, the row counted from 0. */
export function rowPath(table: string, row: number): string {
  return `${table}#${row}`;
}

const cell = z.union([
  z.instanceof(Uint8Array).transform((bytes) => ({ bytes, path: undefined })),
  z.object({ bytes: z.instanceof(Uint8Array).nullish(), path: z.string().nullish() }),
]);

/** Row groups are kept while others are read, until their bytes are these. */
const cacheBytes = 256 * 2 ** 20;

interface CachedGroup {
  readonly cells: Promise<readonly unknown[]>;
  /** Of its images, once they are there. */
  bytes: number;
}

/**
 * The images in the rows of parquet files. A row group is read when one of its images is wanted, and kept for the next
 * ones until others have taken its place.
 */
export class ParquetImages implements FileStore {
  readonly name: string;
  readonly #folder: FileStore;
  readonly #tables: ReadonlyMap<string, ImageTable>;
  readonly #beside: FileStore | undefined;
  /** By path and group, the least lately used first. */
  readonly #cache = new Map<string, CachedGroup>();

  /** @param beside what paths in the rows are relative to, if not to their own file */
  constructor(folder: FileStore, tables: readonly ImageTable[], beside?: FileStore) {
    this.name = folder.name;
    this.#folder = folder;
    this.#tables = new Map(tables.map((table) => [table.path, table]));
    this.#beside = beside;
  }

  has(path: string): Promise<boolean> {
    return Promise.resolve(this.#locate(path) !== undefined);
  }

  async open(path: string): Promise<ByteSource> {
    const place = this.#locate(path);
    if (place === undefined) throw this.#missing(path, 'a row of its parquet files', 'none of that name');
    const { table, group, row } = place;
    const cells = await this.#cells(table, group);
    const { bytes, path: elsewhere } = cell.safeParse(cells[row]).data ?? {};
    if (bytes instanceof Uint8Array) return new MemoryBytes(`${this.name}/${path}`, bytes);
    if (typeof elsewhere !== 'string') throw this.#missing(path, 'an image in the row', 'nothing');
    if (this.#beside !== undefined) return this.#beside.open(elsewhere);
    return this.#folder.open(table.path.slice(0, table.path.lastIndexOf('/') + 1) + elsewhere);
  }

  #missing(path: string, expected: string, received: string): InputError {
    return new InputError({ code: 'missing', operation: `open ${this.name}/${path}`, expected, received });
  }

  /** Undefined where there is no such row. */
  #locate(path: string): { table: ImageTable; group: number; row: number } | undefined {
    const mark = path.lastIndexOf('#');
    const table = this.#tables.get(path.slice(0, mark));
    const text = path.slice(mark + 1);
    if (mark === -1 || table === undefined || !/^(0|[1-9]\d{0,14})$/.test(text)) return undefined;
    const row = Number(text);
    const group = table.file.rowGroups.findIndex(({ start, rows }) => row >= start && row < start + rows);
    return group === -1 ? undefined : { table, group, row: row - table.file.rowGroups[group].start };
  }

  #cells(table: ImageTable, group: number): Promise<readonly unknown[]> {
    const key = `${table.path}#${group}`;
    const found = this.#cache.get(key) ?? this.#load(key, table, group);
    // moved to the end: used last
    this.#cache.delete(key);
    this.#cache.set(key, found);
    return found.cells;
  }

  #load(key: string, { path, file, column }: ImageTable, group: number): CachedGroup {
    const cells = withFile(this.#folder, path, (source) => file.readColumn(source, group, column));
    const entry: CachedGroup = { cells, bytes: 0 };
    cells.then(
      (values) => {
        entry.bytes = bytesOf(values);
        this.#makeRoom(key);
      },
      // whoever asked is told; the next one may try again
      () => this.#cache.delete(key),
    );
    return entry;
  }

  #makeRoom(latest: string): void {
    let bytes = [...this.#cache.values()].reduce((sum, each) => sum + each.bytes, 0);
    for (const [key, each] of this.#cache) {
      if (bytes <= cacheBytes) return;
      if (key === latest || each.bytes === 0) continue;
      this.#cache.delete(key);
      bytes -= each.bytes;
    }
  }
}

function bytesOf(values: readonly unknown[]): number {
  return values.reduce<number>((sum, value) => sum + (cell.safeParse(value).data?.bytes?.length ?? 0), 0);
}
