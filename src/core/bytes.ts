import { InputError } from './errors.js';

/** Random access to the bytes of one file, however the host stores it. */
export interface ByteSource {
  /** What to call the file in messages: its path or URL. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /**
   * Reads exactly `length` bytes from `offset`.
   * @throws InputError (`malformed`) when the range leaves the file, before any memory is taken.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Files by paths with `/` between the parts, wherever they are: in a folder, or inside another file. */
export interface FileStore {
  /** What to call the whole in messages. */
  readonly name: string;
  /**
   * @throws InputError (`missing`) when there is no such file, (`hostile`) when the path climbs out of a folder.
   */
  open(path: string): Promise<ByteSource>;
  /** Whether there is such a file. */
  has(path: string): Promise<boolean>;
}

/** A folder of files, by paths relative to it. */
export interface Folder extends FileStore {
  /** Direct children, sorted by name (code units), hidden entries left out. */
  list(path?: string): Promise<readonly FolderEntry[]>;
}

/** A file or folder in a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder';
}

/** @throws InputError (`malformed`) unless `offset … offset + length` lies inside `source`. */
export function checkRange(source: { name: string; size: number }, offset: number, length: number): void {
  const valid = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (valid && offset + length <= source.size) return;
  throw new InputError({
    code: 'malformed',
    operation: `read ${source.name}`,
    expected: `a range inside its ${source.size} bytes`,
    received: `${length} bytes from ${offset}`,
    fix: 'The file is cut short or its header lies about sizes: download it again.',
  });
}

/** Bytes that are in memory already. Reads are views, not copies. */
export class MemoryBytes implements ByteSource {
  readonly name: string;
  readonly #bytes: Uint8Array;

  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.byteLength;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    // inside `then`, so that a range error is a rejection as it is for files
    return Promise.resolve().then(() => {
      checkRange(this, offset, length);
      return this.#bytes.subarray(offset, offset + length);
    });
  }
}
