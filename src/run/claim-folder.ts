import { mkdir, readdir } from 'node:fs/promises';

import { InputError } from '../core/errors.js';
import { errnoOf } from '../node/errno.js';
import { asStorageError } from '../node/storage-error.js';
import { isTemporary } from './atomic-file.js';
import { isLockName } from './lock.js';

/**
 * Makes sure that a folder is there and ours to fill: absent, empty, or with a file that only we write, one of `markers`.
 * @throws InputError (`usage`) when it holds files of somebody else; (`storage`)
 */
export async function claimFolder(operation: string, folder: string, ...markers: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((thrown: unknown) => {
    throw asStorageError(`create ${folder}`, thrown);
  });
  await refuseForeign(operation, folder, ...markers);
}

/** The same for a folder that need not be there yet: for work that is long, to be done before anything is written. */
export async function refuseForeign(operation: string, folder: string, ...markers: readonly string[]): Promise<void> {
  const names = await readdir(folder).catch((thrown: unknown): string[] => {
    if (errnoOf(thrown) === 'ENOENT') return [];
    throw asStorageError(`read ${folder}`, thrown);
  });
  if (names.some((name) => markers.includes(name))) return;
  const foreign = names.filter((name) => !isLockName(name) && !isTemporary(name)).sort();
  if (foreign.length === 0) return;
  throw new InputError({
    code: 'usage',
    operation,
    expected: 'a new or empty folder',
    received: `one with other files (${foreign.slice(0, 3).join(', ')}${foreign.length > 3 ? ', …' : ''})`,
    fix: 'Choose another folder.',
  });
}
