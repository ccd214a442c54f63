import { statfs } from 'node:fs/promises';

import { InputError } from '../../core/errors.js';
import type { HubOrigin } from '../../core/hub-origin.js';
import { silentProgress, type Progress } from '../../core/progress.js';
import { FileBytes } from '../files.js';
import { sha256 } from '../sha256.js';
import { download } from './download.js';
import { HubClient, type Patience } from './hub-client.js';
import { isSafePath, type HubRepositoryId } from './hub-id.js';
import { findCommit, listCommit } from './hub-listing.js';
import type { Asked } from './hub-refusal.js';
import { hubSettings, type HubSettings } from './hub-settings.js';
import { isCommit, RepositoryCache, type HubFile, type HubFiles } from './repository-cache.js';

/** What the caller lends to work on the Hub. */
export interface HubOptions extends Patience {
  readonly progress?: Progress | undefined;
}

/** Downloads that go on side by side. */
const LANES = 4;

/** What a repository works with. */
interface Host {
  readonly settings: HubSettings;
  readonly cache: RepositoryCache;
  readonly options: HubOptions;
}

/** A repository of the Hub at one commit: what it has is known, files are in the cache once they were fetched. */
export class HubRepository {
  /** As the person named it, for messages. */
  readonly name: string;
  readonly commit: string;
  /** All its files. Of an old cache that is used offline, those that are there. */
  readonly files: HubFiles;
  readonly #id: HubRepositoryId;
  readonly #revision: string;
  readonly #settings: HubSettings;
  readonly #cache: RepositoryCache;
  readonly #options: HubOptions;
  readonly #fetched = new Map<string, HubFile>();

  private constructor(
    name: string,
    id: HubRepositoryId,
    revision: string,
    { commit, files }: { readonly commit: string; readonly files: HubFiles },
    host: Host,
  ) {
    this.name = name;
    this.commit = commit;
    this.files = files;
    this.#id = id;
    this.#revision = revision;
    this.#settings = host.settings;
    this.#cache = host.cache;
    this.#options = host.options;
  }

  /**
   * Finds out which commit a revision is, and what files it has: from the Hub, or offline from the cache.
   * @param name as the person gave it
   * @throws InputError (`missing`, `access`, `network`, `storage`) telling what to do
   */
  static async open(
    name: string,
    { repository, revision }: { readonly repository: HubRepositoryId; readonly revision: string },
    options: HubOptions = {},
  ): Promise<HubRepository> {
    const settings = await hubSettings();
    const cache = new RepositoryCache(settings.cache, repository);
    const host = { settings, cache, options };
    const known = settings.offline
      ? await fromCache(name, revision, host)
      : await fromHub(askedOf(`find ${name}`, repository, revision, settings), repository, revision, host);
    return new HubRepository(name, repository, revision, known, host);
  }

  /** Where the files are once they were fetched, by their paths. */
  get folder(): string {
    return this.#cache.snapshot(this.commit);
  }

  /**
   * Makes sure that files are in the cache.
   * @throws InputError as `download` does; (`storage`) when the disk has too little room, before anything is fetched;
   *   (`missing`) offline, listing what is not there; (`hostile`) for a path that would leave the cache
   */
  async fetch(paths: readonly string[]): Promise<void> {
    const wanted = paths.map((path) => ({ path, file: this.#fileAt(path) }));
    const absent: { path: string; file: HubFile; id: string }[] = [];
    for (const { path, file } of wanted) {
      if (await this.#cache.has(this.commit, path, file)) continue;
      if (file.id !== undefined && (await this.#cache.hasBlob(file)))
        await this.#cache.link(this.commit, path, file.id);
      else absent.push({ path, file, id: file.id ?? '' });
    }
    if (absent.length > 0) {
      if (this.#settings.offline) throw this.#notInCache(absent.map(({ path }) => path));
      await this.#downloadAll(absent);
    }
    for (const { path, file } of wanted) this.#fetched.set(path, file);
  }

  /** Where the fetched files came from, for the record of a run. */
  async origin(): Promise<HubOrigin> {
    const files = [...this.#fetched].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      endpoint: this.#settings.endpoint,
      type: this.#id.type,
      repository: this.#id.name,
      revision: this.#revision,
      commit: this.commit,
      files: await Promise.all(
        files.map(async ([path, { size, id }]) => ({ path, size, sha256: await this.#sha256(path, id) })),
      ),
    };
  }

  async #sha256(path: string, id: string | undefined): Promise<string> {
    if (id?.length === 64) return id; // held to it when it was downloaded
    await using file = await FileBytes.open(`${this.folder}/${path}`);
    return await sha256(file);
  }

  #fileAt(path: string): HubFile {
    const file = this.files.get(path);
    if (file === undefined) throw this.#settings.offline ? this.#notInCache([path]) : this.#notThere(path);
    if (isSafePath(path)) return file;
    throw new InputError({
      code: 'hostile',
      operation: `download from ${this.name}`,
      expected: 'files whose paths stay in their folder',
      received: JSON.stringify(path),
      fix: 'Do not trust this repository.',
    });
  }

  async #downloadAll(
    files: readonly { readonly path: string; readonly file: HubFile; readonly id: string }[],
  ): Promise<void> {
    await this.#cache.prepare();
    const total = files.reduce((sum, { file }) => sum + file.size, 0);
    await this.#refuseFullDisk(total);
    const { progress = silentProgress, signal, ...patience } = this.#options;
    const stop = new AbortController();
    const own = { ...patience, signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]) };
    const client = new HubClient(this.#settings, own);
    const unit = total < 10_000_000 ? { name: 'kB', bytes: 1000 } : { name: 'MB', bytes: 1_000_000 };
    const task = progress.begin(`download ${this.name}`, Math.ceil(total / unit.bytes), unit.name);
    let done = 0;
    const queue = [...files];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { path, file, id } = next;
        const asked = askedOf(`download ${path} of ${this.name}`, this.#id, this.#revision, this.#settings);
        const url = `${asked.page}/resolve/${this.commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
        let bytes = 0;
        const onBytes = (now: number): void => {
          done += now - bytes;
          bytes = now;
          task.update(Math.ceil(done / unit.bytes), path);
        };
        // two paths may have one content
        if (await this.#cache.hasBlob(file)) onBytes(file.size);
        else await download(client, { url, target: this.#cache.blob(id), size: file.size, id, asked }, own, onBytes);
        await this.#cache.link(this.commit, path, id);
      }
    };
    try {
      await allOrNone(LANES, work, stop);
    } finally {
      task.end();
    }
  }

  async #refuseFullDisk(bytes: number): Promise<void> {
    const { cache } = this.#settings;
    const { bavail, bsize } = await statfs(cache);
    if (bavail * bsize >= bytes) return;
    throw new InputError({
      code: 'storage',
      operation: `download ${this.name}`,
      expected: `${bytes} bytes of room at ${cache}`,
      received: `${bavail * bsize}`,
      fix: 'Free some space, or set HF_HUB_CACHE to a folder with room.',
    });
  }

  #notInCache(paths: readonly string[]): InputError {
    return new InputError({
      code: 'missing',
      operation: `open ${this.name}`,
      expected: `${paths.slice(0, 5).join(', ')}${paths.length > 5 ? ', …' : ''} in ${this.folder}`,
      received: 'nothing, and HF_HUB_OFFLINE forbids to fetch it',
      fix: 'Run once without HF_HUB_OFFLINE.',
    });
  }

  #notThere(path: string): InputError {
    return new InputError({
      code: 'missing',
      operation: `open ${this.name}`,
      expected: `a file ${JSON.stringify(path)} in the repository`,
      received: 'none',
      fix: `See ${askedOf('', this.#id, this.#revision, this.#settings).page}/tree/${this.commit}.`,
    });
  }
}

async function fromHub(
  asked: Asked,
  repository: HubRepositoryId,
  revision: string,
  { settings, cache, options }: Host,
): Promise<{ commit: string; files: HubFiles }> {
  const pinned = isCommit(revision) ? await cache.listing(revision) : undefined;
  if (pinned !== undefined) return { commit: revision, files: pinned }; // a commit never changes
  const client = new HubClient(settings, options);
  const commit = await findCommit(client, asked, repository, revision);
  const kept = await cache.listing(commit);
  const { files, gitIds } = kept === undefined ? await listCommit(client, asked, repository, commit) : { files: kept };
  try {
    await cache.keepCommit(revision, commit);
    if (gitIds !== undefined) await cache.keepListing(commit, files, gitIds);
  } catch (thrown) {
    // a cache that is full of what is needed and may not be written serves all the same
    if (!(thrown instanceof InputError)) throw thrown;
    options.note?.(thrown.message);
  }
  return { commit, files };
}

async function fromCache(
  name: string,
  revision: string,
  { settings, cache }: Host,
): Promise<{ commit: string; files: HubFiles }> {
  const commit = await cache.commitOf(revision);
  const files = commit === undefined ? undefined : ((await cache.listing(commit)) ?? (await cache.present(commit)));
  if (commit !== undefined && files !== undefined && files.size > 0) return { commit, files };
  throw new InputError({
    code: 'missing',
    operation: `open ${name}`,
    expected: `the revision ${JSON.stringify(revision)} in the cache ${settings.cache}`,
    received: 'nothing of it, and HF_HUB_OFFLINE forbids to fetch it',
    fix: 'Run once without HF_HUB_OFFLINE, or point HF_HUB_CACHE at the cache that has it.',
  });
}

function askedOf(
  operation: string,
  { type, name }: HubRepositoryId,
  revision: string,
  { endpoint, token }: HubSettings,
): Asked {
  return {
    operation,
    kind: type === 'model' ? 'model' : 'data set',
    revision,
    page: `${endpoint}/${type === 'model' ? '' : 'datasets/'}${name}`,
    endpoint,
    loggedIn: token !== undefined,
  };
}

/** Runs `work` so many times side by side. When one fails the others are stopped and waited for. */
async function allOrNone(times: number, work: () => Promise<void>, stop: AbortController): Promise<void> {
  const failures: unknown[] = [];
  const one = async (): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      failures.push(thrown);
      stop.abort(thrown);
    }
  };
  await Promise.all(Array.from({ length: times }, one));
  if (failures.length > 0) throw failures[0];
}
