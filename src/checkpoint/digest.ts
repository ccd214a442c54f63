import { MemoryBytes, type ByteSource } from '../core/bytes.js';

/** The SHA-256 of a file in hex, as the host computes it. */
export type Sha256 = (source: ByteSource) => Promise<string>;

/** Of one file its SHA-256; of several, the SHA-256 of what `sha256sum` prints for them. */
export async function digestOf(
  files: readonly { readonly name: string; readonly source: ByteSource }[],
  sha256: Sha256,
): Promise<string> {
  if (files.length === 1) return sha256(files[0].source);
  const lines: string[] = [];
  for (const { name, source } of files) lines.push(`${await sha256(source)}  ${name}\n`);
  return sha256(new MemoryBytes('digests', new TextEncoder().encode(lines.join(''))));
}
