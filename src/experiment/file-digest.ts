import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { errnoOf } from '../node/errno.js';
import { FileBytes } from '../node/files.js';
import { sha256 } from '../node/sha256.js';
import { asStorageError } from '../node/storage-error.js';
import { sha256OfJson } from '../run/provenance.js';
import { runFiles } from '../run/schema.js';

/** SHA-256 of a file in hexadecimal. @throws InputError (`missing`) */
export async function sha256OfFile(file: string): Promise<string> {
  await using bytes = await FileBytes.open(file);
  return await sha256(bytes);
}

/** Names a defended model by the files that it lies in, whatever kind it is. @param folder of the run */
export async function sha256OfDefended(folder: string): Promise<string> {
  const model = await filesIn(path.join(folder, runFiles.model));
  const files = [
    ...(await filesIn(folder)).filter(
      (name) => name === runFiles.prompts || name === runFiles.head || name === runFiles.defended,
    ),
    ...model.map((name) => `${runFiles.model}/${name}`),
  ].sort();
  const digests: [string, string][] = [];
  for (const name of files) digests.push([name, await sha256OfFile(path.join(folder, name))]);
  return sha256OfJson(Object.fromEntries(digests));
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((thrown: unknown) => {
    if (errnoOf(thrown) === 'ENOENT') return [];
    throw asStorageError(`read ${folder}`, thrown);
  });
  return entries.flatMap((entry) => (entry.isFile() && !entry.name.startsWith('.') ? [entry.name] : []));
}
