import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { DiskFolder } from './files.js';

/** Where the package's own data files lie, whether this runs from src/ or, compiled, from dist/src/. */
export function assetFolder(): URL {
  const candidates = ['../../assets/', '../../../assets/'].map((relative) => new URL(relative, import.meta.url));
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined) throw new Error(`no assets folder near ${import.meta.url}: the package is incomplete`);
  return found;
}

/** The package's own data files. */
export function builtInFiles(): DiskFolder {
  return new DiskFolder(fileURLToPath(assetFolder()));
}

/** Merges of CLIP's own tokenizer, one a line (assets/README.md says whence). */
export async function readClipMerges(): Promise<string> {
  const packed = await readFile(new URL('clip-merges.txt.gz', assetFolder()));
  return (await promisify(gunzip)(packed)).toString('utf8');
}

/** Contents of the emoji world's own tokenizer.json. */
export async function readEmojiTokenizer(): Promise<unknown> {
  return JSON.parse(await readFile(new URL('emoji/tokenizer.json', assetFolder()), 'utf8'));
}
