import { createHash } from 'node:crypto';

import type { ByteSource } from '../core/bytes.js';

const chunkBytes = 2 ** 22;

/** The SHA-256 of a file in hex, read in pieces. */
export async function sha256(source: ByteSource): Promise<string> {
  const hash = createHash('sha256');
  for (let offset = 0; offset < source.size; offset += chunkBytes) {
    hash.update(await source.read(offset, Math.min(chunkBytes, source.size - offset)));
  }
  return hash.digest('hex');
}
