import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { asStorageError } from '../node/storage-error.js';
import { writeAtomic } from './atomic-file.js';

/** A file that was written. */
export interface HashedFile {
  /** Inside the folder, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Writes files into a folder and remembers their digests. */
export class HashedFiles {
  readonly folder: string;
  readonly #files: HashedFile[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  /** In the order in which they were written. */
  get files(): readonly HashedFile[] {
    return this.#files;
  }

  /** @param relative path with forward slashes. @throws InputError (`storage`) */
  async write(relative: string, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<HashedFile> {
    const hash = createHash('sha256');
    let bytes = 0;
    async function* hashed(): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const piece of content) {
        hash.update(piece);
        bytes += piece.length;
        yield piece;
      }
    }
    const file = path.join(this.folder, ...relative.split('/'));
    await mkdir(path.dirname(file), { recursive: true }).catch((thrown: unknown) => {
      throw asStorageError(`write ${file}`, thrown);
    });
    await writeAtomic(file, hashed());
    const written = { path: relative, bytes, sha256: hash.digest('hex') };
    this.#files.push(written);
    return written;
  }

  async writeText(relative: string, text: string): Promise<HashedFile> {
    return this.write(relative, [new TextEncoder().encode(text)]);
  }

  /** Two-space JSON. */
  async writeJson(relative: string, value: object): Promise<HashedFile> {
    return this.writeText(relative, `${JSON.stringify(value, undefined, 2)}\n`);
  }
}
