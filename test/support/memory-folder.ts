import { MemoryBytes, type ByteSource, type Folder, type FolderEntry } from '../../src/core/bytes.js';
import { InputError } from '../../src/core/errors.js';

/** A folder without subfolders whose files are in memory. */
export class MemoryFolder implements Folder {
  readonly name: string;
  readonly #files: ReadonlyMap<string, ByteSource>;

  constructor(name: string, files: Readonly<Record<string, Uint8Array | string | ByteSource>>) {
    this.name = name;
    this.#files = new Map(
      Object.entries(files).map(([file, content]) => {
        if (typeof content === 'object' && !(content instanceof Uint8Array)) return [file, content];
        const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
        return [file, new MemoryBytes(`${name}/${file}`, bytes)];
      }),
    );
  }

  list(): Promise<readonly FolderEntry[]> {
    return Promise.resolve([...this.#files.keys()].sort().map((name) => ({ name, kind: 'file' as const })));
  }

  open(path: string): Promise<ByteSource> {
    const source = this.#files.get(path);
    if (source !== undefined) return Promise.resolve(source);
    return Promise.reject(
      new InputError({ code: 'missing', operation: `open ${path}`, expected: 'a readable file', received: 'nothing' }),
    );
  }

  has(path: string): Promise<boolean> {
    return Promise.resolve(this.#files.has(path));
  }
}

/** Counts what is read of another source; requests that it refuses take no memory and do not count. */
export class CountingBytes implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #read: (offset: number, length: number) => Promise<Uint8Array>;
  /** Bytes read so far. */
  total = 0;
  /** The largest single read. */
  largest = 0;

  constructor(source: ByteSource) {
    this.name = source.name;
    this.size = source.size;
    this.#read = (offset, length) => source.read(offset, length);
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = await this.#read(offset, length);
    this.total += length;
    this.largest = Math.max(this.largest, length);
    return bytes;
  }
}
