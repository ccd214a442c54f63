import type { FileStore } from '../core/bytes.js';
import { withFile } from '../data/text-file.js';
import { sha256 } from '../node/sha256.js';
import { sha256OfJson } from '../run/provenance.js';

/** Images whose bytes are read: enough to tell data sets apart, few enough for a list of a million. */
const LOOKED_INTO = 256;

/**
 * Tells images from others that go by the same paths, as the severities of a set of corruptions do: SHA-256 of the bytes
 * of at most 256 of them, spread over the list in the order of their paths.
 * @param paths in any order
 * @throws InputError for a file that cannot be read
 */
export async function digestOfImages(images: FileStore, paths: readonly string[]): Promise<string> {
  const sorted = [...new Set(paths)].sort();
  const count = Math.min(LOOKED_INTO, sorted.length);
  const digests: [string, string][] = [];
  for (let i = 0; i < count; i++) {
    const path = sorted[Math.floor((i * sorted.length) / count)];
    digests.push([path, await withFile(images, path, sha256)]);
  }
  return sha256OfJson(digests);
}
