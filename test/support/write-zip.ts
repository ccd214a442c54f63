import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipFile {
  readonly name: string;
  readonly content: Uint8Array;
  /** Deflated instead of stored. */
  readonly compressed?: boolean;
  /** What the table of contents claims as size, where it lies. */
  readonly claimedSize?: number;
  /** The name in the local header, where it differs. */
  readonly localName?: string;
}

/** A zip archive, honest or not, entries in the order given. */
export function writeZip(files: readonly ZipFile[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, content, compressed = false, claimedSize, localName = name } of files) {
    const data = compressed ? deflateRawSync(content) : content;
    const size = claimedSize ?? content.length;
    const fields = [u16(20), u16(0), u16(compressed ? 8 : 0), u32(0), u32(crc32(content))];
    const sizes = [u32(compressed ? data.length : size), u32(size)];
    const local = new TextEncoder().encode(localName);
    const central = new TextEncoder().encode(name);
    const header = join([u32(0x04034b50), ...fields, ...sizes, u16(local.length), u16(0), local]);
    const entry = [u32(0x02014b50), u16(20), ...fields, ...sizes, u16(central.length), new Uint8Array(12), u32(offset)];
    directory.push(join([...entry, central]));
    parts.push(header, data);
    offset += header.length + data.length;
  }
  const table = join(directory);
  const counts = [u16(0), u16(0), u16(files.length), u16(files.length)];
  return join([...parts, table, u32(0x06054b50), ...counts, u32(table.length), u32(offset), u16(0)]);
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >>> 8) & 255);
}

function u32(value: number): Uint8Array {
  return join([u16(value & 65535), u16(value >>> 16)]);
}
