import { InputError } from '../core/errors.js';
import { errnoOf } from './errno.js';

const reasons: Readonly<Record<string, readonly [received: string, fix: string]>> = {
  ENOSPC: ['a full disk', 'Free some space and run again.'],
  EDQUOT: ['a disk quota that is used up', 'Free some space and run again.'],
  EFBIG: ['a limit on the size of files', 'Raise the limit (`ulimit -f`) or write elsewhere.'],
  EROFS: ['a read-only file system', 'Write elsewhere.'],
  EACCES: ['no permission to write there', 'Check the permissions of the folder, or write elsewhere.'],
  EPERM: ['no permission to write there', 'Check the permissions of the folder, or write elsewhere.'],
  ENOENT: ['no folder to write into', 'Create the folder first.'],
  ENOTDIR: ['a file where a folder should be', 'Choose another path.'],
  EEXIST: ['a file where a folder should be', 'Choose another path.'],
  EISDIR: ['a folder where the file should be', 'Choose another path.'],
  ENAMETOOLONG: ['a name that is too long for the file system', 'Choose a shorter path.'],
  EIO: ['an error of the device', 'Check the disk.'],
};

/** What the host says about storage as an InputError (`storage`); anything else comes back as it was. */
export function asStorageError(operation: string, thrown: unknown): unknown {
  const errno = errnoOf(thrown);
  if (errno === undefined || !Object.hasOwn(reasons, errno)) return thrown;
  const [received, fix] = reasons[errno];
  return new InputError({
    code: 'storage',
    operation,
    expected: 'a place that can be written',
    received,
    fix,
    cause: thrown,
  });
}
