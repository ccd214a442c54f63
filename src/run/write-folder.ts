import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';

import { InputError } from '../core/errors.js';
import { errnoOf } from '../node/errno.js';
import { asStorageError } from '../node/storage-error.js';

/**
 * Fills a new or empty folder. All is written beside it and then moved there, so the folder is whole or not there,
 * whenever the process is killed.
 * @param operation what is done, for messages
 * @param fill writes into the folder that it is given
 * @throws InputError (`usage`) when the folder holds anything; (`storage`)
 */
export async function writeFolder<T>(
  operation: string,
  folder: string,
  fill: (temporary: string) => Promise<T>,
): Promise<T> {
  await refuseFilled(operation, folder);
  const target = path.resolve(folder);
  const id = `${process.pid}-${randomBytes(6).toString('hex')}`;
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.${id}.tmp`);
  try {
    await mkdir(temporary, { recursive: true });
    const result = await fill(temporary);
    await moveOver(temporary, target);
    return result;
  } catch (thrown) {
    await rm(temporary, { recursive: true, force: true });
    throw asStorageError(`write ${folder}`, thrown);
  }
}

/** Makes sure that nothing is in a folder, or no folder there. @throws InputError (`usage`), (`storage`) */
export async function refuseFilled(operation: string, folder: string): Promise<void> {
  const found = await readdir(folder).catch((thrown: unknown) => {
    if (errnoOf(thrown) === 'ENOENT') return [];
    throw asStorageError(`read ${folder}`, thrown);
  });
  if (found.length === 0) return;
  throw new InputError({
    code: 'usage',
    operation,
    expected: 'a new or empty folder',
    received: `one with ${found.length} ${found.length === 1 ? 'file' : 'files'} in it`,
    fix: 'Choose another folder.',
  });
}

/** Moves a folder to where there is none, or an empty one, which not every system replaces by itself. */
async function moveOver(from: string, to: string): Promise<void> {
  await rmdir(to).catch((thrown: unknown) => {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown;
  });
  await rename(from, to);
}
