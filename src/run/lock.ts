import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';

import { InputError } from '../core/errors.js';
import { jsonOrNothing } from '../core/json.js';
import { errnoOf } from '../node/errno.js';
import { asStorageError } from '../node/storage-error.js';
import { isTemporary } from './atomic-file.js';

const holderSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** When that process started, in the host's own terms: tells it from a later one with the same id. */
  processStart: z.string().nullable(),
  since: z.string(),
});
type Holder = z.output<typeof holderSchema>;

const lockName = /^\.lock\.(\d{1,9})$/;

/** Whether a file of this name belongs to the lock of its folder. */
export function isLockName(name: string): boolean {
  return lockName.test(name);
}

/**
 * One process at a time may write into a folder. The lock is a file `.lock.N` that names its holder. A lock whose
 * holder is dead is not deleted and remade, which two processes could do at once, but outbid: whoever creates
 * `.lock.(N+1)` first has it, and then clears the dead ones away.
 */
export class FolderLock implements AsyncDisposable {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** @throws InputError (`locked`) when a living process, or one on another host, holds the folder; (`storage`). */
  static async acquire(folder: string): Promise<FolderLock> {
    const operation = `lock ${folder}`;
    try {
      const found = await locksIn(folder);
      for (const name of found) await refuseIfHeld(folder, name);
      const last = found.map(numberOf).reduce((a, b) => Math.max(a, b), 0);
      const own = path.join(folder, `.lock.${last + 1}`);
      if (!(await createExclusively(own, await thisProcess()))) {
        await refuseIfHeld(folder, path.basename(own));
        throw locked(folder, 'another process that came first', 'Run again.');
      }
      const lock = new FolderLock(own);
      try {
        await clearOthers(folder, path.basename(own));
      } catch (thrown) {
        await lock.release();
        throw thrown;
      }
      return lock;
    } catch (thrown) {
      throw asStorageError(operation, thrown);
    }
  }

  async release(): Promise<void> {
    await rm(this.#file, { force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

async function locksIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter(isLockName);
}

function numberOf(name: string): number {
  return Number(lockName.exec(name)?.[1] ?? 0);
}

/** Creates `file` with its content in one step, so that no reader sees it empty. False when it is there already. */
async function createExclusively(file: string, holder: Holder): Promise<boolean> {
  const draft = path.join(path.dirname(file), `.lock.${process.pid}-${randomUUID().slice(-12)}.tmp`);
  try {
    await writeFile(draft, JSON.stringify(holder), { flag: 'wx' });
    await link(draft, file);
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) === 'EEXIST') return false;
    // some file systems (exFAT, some network shares) have no hard links
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(thrown) ?? '')) throw thrown;
    return await writeFile(file, JSON.stringify(holder), { flag: 'wx' }).then(
      () => true,
      (second: unknown) => {
        if (errnoOf(second) === 'EEXIST') return false;
        throw second;
      },
    );
  } finally {
    await rm(draft, { force: true });
  }
}

/** Removes what dead processes left; a living holder that slipped in meanwhile is respected. */
async function clearOthers(folder: string, own: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name === own || !(isLockName(name) || isTemporary(name))) continue;
    if (isLockName(name)) await refuseIfHeld(folder, name);
    await rm(path.join(folder, name), { force: true });
  }
}

async function refuseIfHeld(folder: string, name: string): Promise<void> {
  const file = path.join(folder, name);
  const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
    if (errnoOf(thrown) === 'ENOENT') return undefined; // released meanwhile
    throw thrown;
  });
  if (text === undefined) return;
  const holder = parseHolder(text);
  if (holder === undefined) {
    throw locked(folder, 'a lock that cannot be read', `If no run is writing there, delete ${file}.`);
  }
  if (holder.host !== os.hostname()) {
    const who = `a lock of process ${holder.pid} on ${holder.host} since ${holder.since}`;
    throw locked(folder, who, `If that run is over, delete ${file}.`);
  }
  if (!(await isAlive(holder))) return;
  const who = `one that process ${holder.pid} has been writing since ${holder.since}`;
  throw locked(folder, who, 'Wait for it to end, or write into another folder.');
}

function parseHolder(text: string): Holder | undefined {
  return holderSchema.safeParse(jsonOrNothing(text)).data;
}

function locked(folder: string, received: string, fix: string): InputError {
  return new InputError({ code: 'locked', operation: `lock ${folder}`, expected: 'a free folder', received, fix });
}

async function thisProcess(): Promise<Holder> {
  const { start } = await processState(process.pid);
  return { pid: process.pid, host: os.hostname(), processStart: start, since: new Date().toISOString() };
}

async function isAlive(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ESRCH') return false;
    if (errnoOf(thrown) !== 'EPERM') throw thrown; // EPERM: alive, and somebody else's
  }
  const { start, zombie } = await processState(holder.pid);
  return !zombie && (start === null || holder.processStart === null || start === holder.processStart);
}

/** Start time and zombie state where the host tells them (Linux: proc(5), fields 3 and 22 of `stat`, and the boot). */
async function processState(pid: number): Promise<{ start: string | null; zombie: boolean }> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    // the second field is the program's name in parentheses and may hold anything
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { start: `${boot.trim()}/${fields[19] ?? ''}`, zombie: fields[0] === 'Z' };
  } catch (thrown) {
    if (errnoOf(thrown) === undefined) throw thrown;
    return { start: null, zombie: false };
  }
}
