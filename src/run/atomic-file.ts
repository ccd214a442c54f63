import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, open, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

import { asStorageError } from '../node/storage-error.js';

/** What can be written: whole, or in pieces that need not be in memory together. */
export type Content = string | Uint8Array | AsyncIterable<Uint8Array>;

const temporaryName = /^\.(.+)\.\d+-[0-9a-f]{12}\.tmp$/;

/** Whether a file of this name is what a killed {@link writeAtomic} left behind. */
export function isTemporary(name: string): boolean {
  return temporaryName.test(name);
}

/**
 * Writes a file so that a reader, or this program after a crash, finds the old content or the new and nothing between:
 * a temporary file beside it, synced, renamed over it, and the folder synced.
 * @throws InputError (`storage`) when the disk is full or may not be written; the temporary file is gone then.
 */
export async function writeAtomic(file: string, content: Content): Promise<void> {
  const folder = path.dirname(file);
  const temporary = path.join(folder, `.${path.basename(file)}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await fill(handle, content);
      await rename(temporary, file);
    } catch (thrown) {
      await rm(temporary, { force: true });
      throw thrown;
    }
    await syncFolder(folder);
  } catch (thrown) {
    throw asStorageError(`write ${file}`, thrown);
  }
}

/** For before long work, not after it. @throws InputError (`storage`) where no file can be written */
export async function refuseUnwritable(file: string): Promise<void> {
  await access(path.dirname(file), constants.W_OK).catch((thrown: unknown) => {
    throw asStorageError(`write ${file}`, thrown);
  });
}

async function fill(handle: FileHandle, content: Content): Promise<void> {
  try {
    await writeFile(handle, content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a rename durable. Windows cannot open folders and does not need to. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
