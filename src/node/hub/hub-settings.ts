import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { getHFHubCachePath } from '@huggingface/hub';

import { InputError } from '../../core/errors.js';
import { errnoOf } from '../errno.js';

/** What the environment says of the Hub, by the variables that Python's `huggingface_hub` reads. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** Folder with one folder a repository. */
  readonly cache: string;
  readonly token: string | undefined;
  /** Take from the cache alone. */
  readonly offline: boolean;
}

/** @throws InputError (`usage`) when the endpoint is no URL of the web, or the token cannot be one; (`storage`) */
export async function hubSettings(): Promise<HubSettings> {
  const { env } = process;
  return {
    endpoint: readEndpoint(env['HF_ENDPOINT']),
    cache: path.resolve(getHFHubCachePath()),
    token: isTrue(env['HF_HUB_DISABLE_IMPLICIT_TOKEN']) ? undefined : await readToken(env),
    offline: isTrue(env['HF_HUB_OFFLINE']) || isTrue(env['TRANSFORMERS_OFFLINE']),
  };
}

function isTrue(value = ''): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes(value.toUpperCase());
}

function readEndpoint(given: string | undefined): string {
  const text = given === undefined || given === '' ? 'https://huggingface.co' : given;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
  throw new InputError({
    code: 'usage',
    operation: 'read HF_ENDPOINT',
    expected: 'a URL that begins with https:// or http://',
    received: JSON.stringify(text),
  });
}

/** The token of the environment, or the one that `hf auth login` left in a file. */
async function readToken(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const given = [env['HF_TOKEN'], env['HUGGING_FACE_HUB_TOKEN']].find((token) => token !== undefined && token !== '');
  const token = (given ?? (await readFileOrNothing(tokenFile(env)))).trim();
  if (token === '') return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new InputError({
    code: 'usage',
    operation: given === undefined ? `read ${tokenFile(env)}` : 'read HF_TOKEN',
    expected: 'a token of the Hub, as in hf_…',
    received: 'something with spaces or letters that no token has',
  });
}

function tokenFile(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache');
  return env['HF_TOKEN_PATH'] ?? path.join(env['HF_HOME'] ?? path.join(base, 'huggingface'), 'token');
}

async function readFileOrNothing(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((thrown: unknown) => {
    if (errnoOf(thrown) === 'ENOENT' || errnoOf(thrown) === 'ENOTDIR') return '';
    throw new InputError({
      code: 'storage',
      operation: `read ${file}`,
      expected: 'the token of the Hub in a file that may be read',
      received: errnoOf(thrown) ?? 'something else',
      fix: 'Mend its permissions, delete it, or set HF_TOKEN.',
      cause: thrown,
    });
  });
}
