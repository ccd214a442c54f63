import { open, unlink, type FileHandle } from 'node:fs/promises';

import type { FeatureStore } from '../defense/feature-store.js';
import { InputError, messageOf } from '../core/errors.js';

/** Keeps rows in a file that is deleted with the store; what memory is too small for. */
export class FileFeatureStore implements FeatureStore {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #rowBytes: number;

  private constructor(file: string, handle: FileHandle, rowBytes: number) {
    this.#file = file;
    this.#handle = handle;
    this.#rowBytes = rowBytes;
  }

  /**
   * @param file must not exist, or be one that an earlier, killed process left behind
   * @param rowLength numbers in a row
   * @throws InputError (`storage`) when the file cannot be made
   */
  static async create(file: string, rowLength: number): Promise<FileFeatureStore> {
    try {
      return new FileFeatureStore(file, await open(file, 'w+'), rowLength * 4);
    } catch (thrown) {
      throw storageError(`create the feature cache ${file}`, thrown);
    }
  }

  async write(record: number, row: Float32Array): Promise<void> {
    const bytes = new Uint8Array(row.buffer, row.byteOffset, this.#rowBytes);
    for (let done = 0; done < bytes.length;) {
      const written = await this.#handle
        .write(bytes, done, bytes.length - done, record * this.#rowBytes + done)
        .catch((thrown: unknown) => {
          throw storageError(`write the feature cache ${this.#file}`, thrown);
        });
      done += written.bytesWritten;
    }
  }

  async read(record: number, into: Float32Array): Promise<void> {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, this.#rowBytes);
    for (let done = 0; done < bytes.length;) {
      const { bytesRead } = await this.#handle.read(bytes, done, bytes.length - done, record * this.#rowBytes + done);
      if (bytesRead === 0) throw new Error(`feature cache: record ${record} was never written`);
      done += bytesRead;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
    await unlink(this.#file);
  }
}

function storageError(operation: string, cause: unknown): InputError {
  return new InputError({
    code: 'storage',
    operation,
    expected: 'room on the disk',
    received: messageOf(cause),
    fix: 'Make room, choose another --out, or allow a larger cache in memory with --cache-memory.',
    cause,
  });
}
