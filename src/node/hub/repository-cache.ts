import { randomUUID } from 'node:crypto';
import {
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { getRepoFolderName } from '@huggingface/hub';
import { z } from 'zod';

import { InputError } from '../../core/errors.js';
import { jsonOrNothing } from '../../core/json.js';
import { errnoOf } from '../errno.js';
import { asStorageError } from '../storage-error.js';
import type { HubRepositoryId } from './hub-id.js';

/** A file of a repository at a commit. */
export interface HubFile {
  /** In bytes. */
  readonly size: number;
  /** SHA-256 of its content for a large file, git's SHA-1 for a small one; undefined for a copy that nothing tells of. */
  readonly id: string | undefined;
}
/** By path. */
export type HubFiles = ReadonlyMap<string, HubFile>;

const commitPattern = /^[0-9a-f]{40}$/;
/** Whether a revision is a whole commit, and no name of one. */
export function isCommit(revision: string): boolean {
  return commitPattern.test(revision);
}

const size = z.int().nonnegative();
const sha1 = z.string().regex(commitPattern);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What Python's `huggingface_hub` keeps of a listing, too. */
const treeSchema = z.object({
  format_version: z.literal(1),
  files: z.record(
    z.string(),
    z.object({ size, blob_id: sha1, lfs_sha256: sha256.optional(), lfs_size: size.optional() }),
  ),
});

/**
 * A repository in the cache of Hugging Face: `blobs/` by hash, `snapshots/<commit>/` with links to them, `refs/` with
 * the commit of a branch or tag, `trees/` with the listing of a commit. Python's `huggingface_hub` shares it.
 */
export class RepositoryCache {
  readonly #folder: string;

  /** @param cache the folder of all repositories */
  constructor(cache: string, repository: HubRepositoryId) {
    this.#folder = path.join(cache, getRepoFolderName(repository));
  }

  snapshot(commit: string): string {
    return path.join(this.#folder, 'snapshots', commit);
  }

  blob(id: string): string {
    return path.join(this.#folder, 'blobs', id);
  }

  /** The commit that a revision was when it was last asked for. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision;
    const text = await readFile(path.join(this.#folder, 'refs', revision), 'utf8').catch(orNothing);
    const commit = text?.trim();
    return commit !== undefined && isCommit(commit) ? commit : undefined;
  }

  async keepCommit(revision: string, commit: string): Promise<void> {
    if ((await this.commitOf(revision)) === commit) return;
    await replaceFile(path.join(this.#folder, 'refs', revision), (draft) => writeFile(draft, commit));
  }

  /** The listing of a commit that was kept, all files, here or not. */
  async listing(commit: string): Promise<HubFiles | undefined> {
    const text = await readFile(this.#tree(commit), 'utf8').catch(orNothing);
    const tree = text === undefined ? undefined : treeSchema.safeParse(jsonOrNothing(text)).data;
    if (tree === undefined) return undefined; // of another version, or torn: not of use
    const entries = Object.entries(tree.files);
    return new Map(
      entries.map(([name, file]) => [name, { size: file.lfs_size ?? file.size, id: file.lfs_sha256 ?? file.blob_id }]),
    );
  }

  /** @param gitIds of the files as git has them: those of large files are of their pointers */
  async keepListing(commit: string, files: HubFiles, gitIds: ReadonlyMap<string, string>): Promise<void> {
    const entries = [...files].map(([name, file]) => {
      const large = file.id?.length === 64 ? { lfs_sha256: file.id, lfs_size: file.size } : {};
      return [name, { size: file.size, blob_id: gitIds.get(name), ...large }] as const;
    });
    const tree = { format_version: 1, files: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) };
    await replaceFile(this.#tree(commit), (draft) => writeFile(draft, JSON.stringify(tree, undefined, 1)));
  }

  /** The files of a commit that are here, for when no listing tells. */
  async present(commit: string): Promise<HubFiles> {
    const snapshot = this.snapshot(commit);
    const names = await readdir(snapshot, { recursive: true }).catch(orNothing);
    const files = new Map<string, HubFile>();
    for (const name of names ?? []) {
      const file = path.join(snapshot, name);
      const info = await stat(file).catch(orNothing);
      if (info?.isFile() !== true) continue;
      const id = (await lstat(file)).isSymbolicLink() ? path.basename(await readlink(file)) : '';
      files.set(name.split(path.sep).join('/'), { size: info.size, id: /^[0-9a-f]{40,64}$/.test(id) ? id : undefined });
    }
    return files;
  }

  /** Whether a file is here in full: the snapshot has it, and it is the blob of its hash, or a copy of its length. */
  async has(commit: string, name: string, { size: expected, id }: HubFile): Promise<boolean> {
    const file = path.join(this.snapshot(commit), name);
    const info = await stat(file).catch(orNothing);
    if (info?.isFile() !== true || info.size !== expected) return false;
    const isLink = (await lstat(file)).isSymbolicLink();
    if (!isLink || id === undefined) return true;
    return (await realpath(file)) === (await realpath(this.blob(id)).catch(orNothing));
  }

  async hasBlob({ size: expected, id }: HubFile): Promise<boolean> {
    if (id === undefined) return false;
    const info = await lstat(this.blob(id)).catch(orNothing);
    return info?.isFile() === true && info.size === expected;
  }

  /** Makes the folders that files of a commit go into. @throws InputError (`storage`) */
  async prepare(): Promise<void> {
    try {
      for (const name of ['blobs', 'snapshots', 'refs'])
        await mkdir(path.join(this.#folder, name), { recursive: true });
    } catch (thrown) {
      throw cacheError(this.#folder, thrown);
    }
  }

  /** Puts a blob into the snapshot of a commit. @throws InputError (`hostile`), (`storage`) */
  async link(commit: string, name: string, id: string): Promise<void> {
    const snapshot = this.snapshot(commit);
    const file = path.join(snapshot, name);
    try {
      await mkdir(path.dirname(file), { recursive: true });
      const folder = await realpath(path.dirname(file));
      const inside = path.relative(await realpath(snapshot), folder);
      if (inside.split(path.sep).includes('..') || path.isAbsolute(inside)) {
        throw new InputError({
          code: 'hostile',
          operation: `put ${name} into ${snapshot}`,
          expected: 'a file inside this folder',
          received: 'a link that leaves it',
        });
      }
      const target = path.relative(path.dirname(file), this.blob(id));
      await replaceFile(file, async (draft) => {
        await symlink(target, draft).catch(async (thrown: unknown) => {
          // Windows lets few users make links
          if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(errnoOf(thrown) ?? '')) throw thrown;
          await copyFile(this.blob(id), draft);
        });
      });
    } catch (thrown) {
      throw cacheError(file, thrown);
    }
  }

  #tree(commit: string): string {
    return path.join(this.#folder, 'trees', `${commit}.json`);
  }
}

/** Storage errors of the cache, with what helps there. */
export function cacheError(place: string, thrown: unknown): unknown {
  const error = asStorageError(`write ${place}`, thrown);
  if (!(error instanceof InputError) || error.code !== 'storage' || thrown === error) return error;
  return new InputError({ ...error.parts, fix: 'Set HF_HUB_CACHE to a folder that can be written and has room.' });
}

/** Writes beside the place and renames over it: another process sees the old file or the new one. */
async function replaceFile(file: string, write: (draft: string) => Promise<void>): Promise<void> {
  const draft = path.join(path.dirname(file), `.${randomUUID()}.tmp`);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await write(draft);
    await rename(draft, file);
  } catch (thrown) {
    await rm(draft, { force: true }).catch(() => undefined); // what failed first is what counts
    throw cacheError(file, thrown);
  }
}

/** For reading what may not be there. */
function orNothing(thrown: unknown): undefined {
  if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(thrown) ?? '')) throw thrown;
}
