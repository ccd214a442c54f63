import path from 'node:path';

import { InputError } from '../core/errors.js';

/** The JSON file that tells about a PNG: beside it, with its name. @throws InputError (`usage`) when it is to be no PNG */
export function jsonBeside(file: string): string {
  const { dir, name, ext } = path.parse(file);
  if (ext.toLowerCase() === '.png') return path.join(dir, `${name}.json`);
  throw new InputError({
    code: 'usage',
    operation: `write ${file}`,
    expected: 'a file name that ends in .png',
    received: ext === '' ? 'none with an ending' : ext,
  });
}
