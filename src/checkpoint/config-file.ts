import { z } from 'zod';

import type { Folder } from '../core/bytes.js';
import { messageOf } from '../core/errors.js';
import type { ConfigClaims } from './config-claims.js';
import { isHuggingFaceClip, parseHuggingFaceConfig } from './huggingface-config.js';
import type { Naming } from './name-table.js';
import { isOpenClip, parseOpenClipConfig } from './open-clip-config.js';
import { listed, refuse } from './refusal.js';

const maximumConfigBytes = 2 ** 20;

/** Config files by the naming they usually stand beside; the other one is looked at second. */
const configNames: Readonly<Record<Naming, readonly string[]>> = {
  openai: ['open_clip_config.json', 'config.json'],
  huggingface: ['config.json', 'open_clip_config.json'],
};

export interface FoundConfig {
  readonly config: ConfigClaims | undefined;
  /** Files that were there and not taken, and why. */
  readonly notes: readonly string[];
}

/**
 * The config of a CLIP beside its weights. A `config.json` of something else is passed over, with a note.
 * @throws InputError (`unsupported`) listing all values that this package cannot follow.
 */
export async function readConfig(folder: Folder, naming: Naming): Promise<FoundConfig> {
  const notes: string[] = [];
  for (const name of configNames[naming]) {
    if (!(await folder.has(name))) continue;
    const file = `${folder.name}/${name}`;
    const json = await readJson(folder, name);
    if (!isHuggingFaceClip(json) && !isOpenClip(json)) {
      notes.push(`${name} is not the config of a CLIP and was not read`);
      continue;
    }
    try {
      return { config: (isOpenClip(json) ? parseOpenClipConfig : parseHuggingFaceConfig)(name, json), notes };
    } catch (thrown) {
      if (!(thrown instanceof z.ZodError)) throw thrown;
      throw refuse('unsupported', file, {
        expected: "settings of CLIP's vision transformer",
        received: listed(thrown.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)),
        fix: 'This package handles the original ViT architecture only.',
      });
    }
  }
  return { config: undefined, notes };
}

/** @throws InputError (`malformed`) when the file is not JSON of a sensible size. */
export async function readJson(folder: Folder, name: string, maximumBytes = maximumConfigBytes): Promise<unknown> {
  const source = await folder.open(name);
  try {
    if (source.size > maximumBytes) throw new RangeError(`${source.size} bytes, more than ${maximumBytes}`);
    const bytes = await source.read(0, source.size);
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return parsed;
  } catch (thrown) {
    throw refuse('malformed', `${folder.name}/${name}`, {
      expected: 'JSON',
      received: messageOf(thrown),
      cause: thrown,
    });
  } finally {
    await release(source);
  }
}

/** Closes a source where the host's need closing. */
export async function release(source: object): Promise<void> {
  if (isDisposable(source)) await source[Symbol.asyncDispose]();
}

function isDisposable(source: object): source is AsyncDisposable {
  return Symbol.asyncDispose in source;
}
