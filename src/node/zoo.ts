import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { InputError } from '../core/errors.js';
import { nearestNames } from '../core/nearest.js';
import { assetFolder } from './assets.js';

const prefix = 'zoo:';

/** The names of the mini-CLIPs that come with the package: one clean, the others backdoored. */
export async function zooNames(): Promise<string[]> {
  const entries = await readdir(new URL('zoo/', assetFolder()), { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

/** The folder of a model of the zoo. @throws InputError (`usage`) naming the models there are */
export async function zooFolder(name: string): Promise<string> {
  const names = await zooNames();
  if (names.includes(name)) return fileURLToPath(new URL(`zoo/${name}`, assetFolder()));
  const near = nearestNames(name, names);
  throw new InputError({
    code: 'usage',
    operation: `open ${prefix}${name}`,
    expected: `one of ${names.map((known) => prefix + known).join(', ')}`,
    received: JSON.stringify(prefix + name),
    ...(near.length > 0 ? { fix: `Did you mean ${prefix}${near[0]}?` } : {}),
  });
}

export function isZooName(text: string): boolean {
  return text.startsWith(prefix);
}

/** The same for a name with its prefix, `zoo:badnet`. */
export function zooLocation(given: string): Promise<string> {
  return zooFolder(given.slice(prefix.length));
}
