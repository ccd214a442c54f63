import { constants } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

import { checkRange, type ByteSource, type Folder, type FolderEntry } from '../core/bytes.js';
import { InputError, messageOf } from '../core/errors.js';
import { errnoOf } from './errno.js';

function cannotOpen(name: string, what: string, thrown: unknown): InputError {
  const errno = errnoOf(thrown);
  return new InputError({
    code: 'missing',
    operation: `open ${name}`,
    expected: what,
    received: errno === 'ENOENT' || errno === 'ENOTDIR' ? 'nothing at that path' : messageOf(thrown),
    fix: errno === 'EACCES' ? 'Check its permissions.' : 'Check the path.',
    cause: thrown,
  });
}

/** A file on disk, read piece by piece; the handle closes with the source. */
export class FileBytes implements ByteSource, AsyncDisposable {
  readonly name: string;
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(name: string, size: number, handle: FileHandle) {
    this.name = name;
    this.size = size;
    this.#handle = handle;
  }

  /** @throws InputError (`missing`) when there is no readable file. */
  static async open(file: string): Promise<FileBytes> {
    let handle: FileHandle | undefined;
    try {
      // non-blocking, so that opening a named pipe cannot wait for ever
      handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
      const info = await handle.stat();
      if (!info.isFile()) throw new Error(info.isDirectory() ? 'a folder' : 'not a regular file');
      return new FileBytes(file, info.size, handle);
    } catch (thrown) {
      await handle?.close();
      throw cannotOpen(file, 'a readable file', thrown);
    }
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    checkRange(this, offset, length);
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) checkRange({ name: this.name, size: offset + done }, offset, length);
      done += bytesRead;
    }
    return bytes;
  }

  /** Closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

/** Whether a path is the folder itself or lies in it; both absolute. */
export function liesInside(folder: string, file: string): boolean {
  const inside = path.relative(folder, file);
  return inside !== '..' && !inside.startsWith(`..${path.sep}`) && !path.isAbsolute(inside);
}

/** A folder on disk. Paths that climb out of it are refused. */
export class DiskFolder implements Folder {
  readonly name: string;
  readonly #root: string;

  /** @param name what to call it in messages and records */
  constructor(folder: string, name = folder) {
    this.name = name;
    this.#root = path.resolve(folder);
  }

  /** @throws InputError (`hostile`) when `relative` leaves the folder. */
  resolve(relative: string): string {
    const full = path.resolve(this.#root, relative);
    if (!liesInside(this.#root, full)) {
      throw new InputError({
        code: 'hostile',
        operation: `open ${relative}`,
        expected: `a path inside ${this.name}`,
        received: 'one that leaves it',
      });
    }
    return full;
  }

  async list(relative = ''): Promise<readonly FolderEntry[]> {
    const full = this.resolve(relative);
    const found = await readdir(full, { withFileTypes: true }).catch((thrown: unknown) => {
      throw cannotOpen(full, 'a readable folder', thrown);
    });
    const entries: FolderEntry[] = [];
    for (const entry of found) {
      if (entry.name.startsWith('.')) continue;
      const target = entry.isSymbolicLink() ? await stat(path.join(full, entry.name)).catch(() => undefined) : entry;
      if (target?.isFile() === true) entries.push({ name: entry.name, kind: 'file' });
      else if (target?.isDirectory() === true) entries.push({ name: entry.name, kind: 'folder' });
    }
    return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  open(relative: string): Promise<FileBytes> {
    return FileBytes.open(this.resolve(relative));
  }

  /** Whether there is such a file. */
  async has(relative: string): Promise<boolean> {
    return stat(this.resolve(relative)).then(
      (info) => info.isFile(),
      (thrown: unknown) => {
        if (errnoOf(thrown) === 'ENOENT' || errnoOf(thrown) === 'ENOTDIR') return false;
        throw cannotOpen(relative, 'a readable file', thrown);
      },
    );
  }
}
