import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { vi } from 'vitest';

import { Random } from '../../src/tensor/random.js';
import { startHub, type HubServer } from './hub-server.mjs';
import { temporaryFolder } from './temporary-folder.js';

/** A Hub that the environment points at, with an empty cache. */
export interface TestHub extends AsyncDisposable {
  readonly server: HubServer;
  /** Of `HF_HUB_CACHE`. */
  readonly cache: string;
  /** Writes files, text or bytes by path, and makes them a repository's newest commit. @returns the commit */
  add(
    repository: Omit<Parameters<HubServer['add']>[0], 'folder'>,
    files: Readonly<Record<string, string | Uint8Array>>,
  ): Promise<string>;
  /** What was asked for since the last call: `hub /api/models/…`. */
  asked(): string[];
}

/** Every variable that says something of the Hub, so that those of the machine do not count. */
const variables = [
  'HF_TOKEN',
  'HUGGING_FACE_HUB_TOKEN',
  'HF_TOKEN_PATH',
  'HF_HUB_OFFLINE',
  'TRANSFORMERS_OFFLINE',
  'HF_HUB_DISABLE_IMPLICIT_TOKEN',
];

export async function testHub(options: Parameters<typeof startHub>[0] = {}): Promise<TestHub> {
  const server = await startHub(options);
  const folder = await temporaryFolder();
  const cache = path.join(folder.path, 'cache');
  for (const name of variables) vi.stubEnv(name, '');
  vi.stubEnv('HF_HOME', path.join(folder.path, 'home'));
  vi.stubEnv('HF_TOKEN_PATH', path.join(folder.path, 'token'));
  vi.stubEnv('HF_HUB_CACHE', cache);
  vi.stubEnv('HF_ENDPOINT', server.url);
  let count = 0;
  return {
    server,
    cache,
    async add(repository, files) {
      const source = path.join(folder.path, `source-${++count}`);
      for (const [name, content] of Object.entries(files)) {
        await mkdir(path.dirname(path.join(source, name)), { recursive: true });
        await writeFile(path.join(source, name), content);
      }
      return await server.add({ ...repository, folder: source });
    },
    asked: () => server.requests.splice(0).map(({ origin, path: asked }) => `${origin} ${asked}`),
    async [Symbol.asyncDispose]() {
      vi.unstubAllEnvs();
      await server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Bytes without any pattern, the same every time. */
export function noise(length: number, name = 'noise'): Uint8Array {
  const random = Random.stream(0, `test/hub/${name}`);
  return Uint8Array.from({ length }, () => random.below(256));
}
