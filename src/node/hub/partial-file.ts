import { createHash, randomUUID, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { errnoOf } from '../errno.js';
import { cacheError } from './repository-cache.js';

/** What a file is to be. */
export interface Content {
  /** In bytes. */
  readonly size: number;
  /** SHA-256 of a large file, what git calls it for a small one; in hex. */
  readonly id: string;
}

/**
 * A download under way, beside the place where it goes. Its name has its owner in it, so that no two processes write one
 * file; a download that ended early is given up for others to go on with, and one whose owner died is taken over.
 */
export class PartialFile {
  readonly #target: string;
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #expected: Content;
  #size = 0;
  #hash: Hash;

  private constructor(target: string, file: string, handle: FileHandle, expected: Content) {
    this.#target = target;
    this.#file = file;
    this.#handle = handle;
    this.#expected = expected;
    this.#hash = hashFor(expected);
  }

  /** Opens what there is of a file, or begins it. @throws InputError (`storage`) */
  static async open(target: string, expected: Content): Promise<PartialFile> {
    const file = `${target}.${ownerName(process.pid)}-${randomUUID().slice(-12)}.incomplete`;
    try {
      await adopt(target, file);
      const partial = new PartialFile(target, file, await open(file, 'a+'), expected);
      await partial.#readWhatThereIs();
      return partial;
    } catch (thrown) {
      throw cacheError(file, thrown);
    }
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** Of the bytes so far, of the kind that the expected one is. */
  get id(): string {
    return this.#hash.copy().digest('hex');
  }

  /** @throws InputError (`storage`) */
  async append(chunk: Uint8Array): Promise<void> {
    try {
      await this.#handle.appendFile(chunk);
    } catch (thrown) {
      throw cacheError(this.#file, thrown);
    }
    this.#count(chunk);
  }

  /** Begins again. */
  async clear(): Promise<void> {
    await this.#handle.truncate(0);
    this.#size = 0;
    this.#hash = hashFor(this.#expected);
  }

  /** Puts the file in its place. @throws InputError (`storage`) */
  async finish(): Promise<void> {
    try {
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.#file, this.#target);
    } catch (thrown) {
      throw cacheError(this.#target, thrown);
    }
  }

  /** Leaves what there is for another attempt. */
  async giveUp(): Promise<void> {
    await this.#handle.close();
    if (this.#size > 0) await rename(this.#file, `${this.#target}.${free}.incomplete`);
    else await rm(this.#file, { force: true });
  }

  /** Throws away what there is. */
  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.#file, { force: true });
  }

  async #readWhatThereIs(): Promise<void> {
    const { size } = await this.#handle.stat();
    if (size > this.#expected.size) return this.clear();
    for await (const chunk of createReadStream(this.#file)) {
      if (chunk instanceof Uint8Array) this.#count(chunk);
    }
  }

  #count(chunk: Uint8Array): void {
    this.#size += chunk.length;
    this.#hash.update(chunk);
  }
}

/** In the place of an owner. */
const free = 'free';

function hashFor({ size, id }: Content): Hash {
  return id.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

function ownerName(pid: number): string {
  return `${encodeURIComponent(os.hostname())}-${pid}`;
}

/** Takes over the largest part of `target` that nobody is writing. Of several takers, one renames it. */
async function adopt(target: string, file: string): Promise<void> {
  const folder = path.dirname(target);
  const [before, after] = [`${path.basename(target)}.`, '.incomplete'];
  const parts: { readonly path: string; readonly size: number }[] = [];
  for (const name of await readdir(folder)) {
    if (!name.startsWith(before) || !name.endsWith(after)) continue;
    if (isOwned(name.slice(before.length, -after.length))) continue;
    const part = path.join(folder, name);
    const info = await stat(part).catch(unlessGone);
    if (info?.isFile() === true) parts.push({ path: part, size: info.size });
  }
  const largest = parts.sort((a, b) => b.size - a.size).shift();
  if (largest !== undefined) await rename(largest.path, file).catch(unlessGone);
  for (const other of parts) await rm(other.path, { force: true });
}

/**
 * Whether somebody who may be alive writes a part: `owner` is what its name has between the target and `.incomplete`.
 * What other programs and other hosts began stays theirs.
 */
function isOwned(owner: string): boolean {
  if (owner === free) return false;
  const pid = Number(/-(\d+)-[0-9a-f]{12}$/.exec(owner)?.[1]);
  if (!owner.startsWith(`${ownerName(pid)}-`)) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return errnoOf(thrown) !== 'ESRCH';
  }
}

function unlessGone(thrown: unknown): undefined {
  if (errnoOf(thrown) !== 'ENOENT') throw thrown;
}
