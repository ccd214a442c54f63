import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A real file system of its own in memory, small enough to fill. */
export interface TinyDisk extends Disposable {
  readonly path: string;
  makeReadOnly(): void;
}

/** Mounts a disk of `kibibytes`; a text that says why where this machine does not let us. */
export function mountTinyDisk(kibibytes: number): TinyDisk | string {
  if (process.platform !== 'linux') return `no tmpfs on ${process.platform}`;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'rvpt-disk-'));
  const mount = (...options: string[]): string =>
    spawnSync('mount', [...options, 'tmpfs', folder], { encoding: 'utf8' }).stderr.trim();
  const problem = mount('-t', 'tmpfs', '-o', `size=${kibibytes}k`);
  if (problem !== '') {
    rmSync(folder, { recursive: true });
    return `cannot mount a tmpfs here (${problem})`;
  }
  return {
    path: folder,
    makeReadOnly() {
      const failed = mount('-o', 'remount,ro');
      if (failed !== '') throw new Error(failed);
    },
    [Symbol.dispose]() {
      spawnSync('umount', [folder]);
      rmSync(folder, { recursive: true });
    },
  };
}
