import { packTar, type TarEntry } from 'modern-tar';

/** A tar archive of files, in the order given. */
export function tarOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<Uint8Array> {
  return packTar(
    Object.entries(files).map(([name, body]): TarEntry => {
      const content = typeof body === 'string' ? new TextEncoder().encode(body) : body;
      return { header: { name, size: content.length }, body: content };
    }),
  );
}

/** The archive with some bytes of the header at `offset` replaced, and its checksum right again. */
export function withHeader(archive: Uint8Array, offset: number, at: number, text: string): Uint8Array {
  const bytes = archive.slice();
  const block = bytes.subarray(offset, offset + 512);
  block.set(new TextEncoder().encode(text), at);
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
  return bytes;
}
