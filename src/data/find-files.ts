import type { Folder } from '../core/bytes.js';
import { InputError } from '../core/errors.js';

/** Folders below folders are read this many deep: links that go round in circles end. */
const maxDepth = 8;

/** Paths of all files below `path` in a folder, sorted within each folder. @throws InputError (`data`) below too many */
export async function findFiles(folder: Folder, path = '', depth = 1): Promise<string[]> {
  if (depth > maxDepth) {
    throw new InputError({
      code: 'data',
      operation: `read ${folder.name}/${path}`,
      expected: `folders at most ${maxDepth} deep`,
      received: 'a deeper one',
      fix: 'Look for a link that leads back up.',
    });
  }
  const files: string[] = [];
  for (const { name, kind } of await folder.list(path)) {
    const child = path === '' ? name : `${path}/${name}`;
    if (kind === 'file') files.push(child);
    else files.push(...(await findFiles(folder, child, depth + 1)));
  }
  return files;
}
