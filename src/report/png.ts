/** CRC-32 as PNG wants it, by byte. */
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

function bigEndian(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

function chunk(type: string, data: readonly number[]): number[] {
  const named = [...Array.from(type, (letter) => letter.charCodeAt(0)), ...data];
  return [...bigEndian(data.length), ...named, ...bigEndian(crc32(Uint8Array.from(named)))];
}

/**
 * A PNG of a few pixels, not compressed: the same bytes on every host.
 * @param rgba [height, width, 4]
 * @throws RangeError when the pixels do not fit one block of deflate (64 KiB)
 */
export function smallPng(width: number, height: number, rgba: Uint8Array): Uint8Array {
  const rows: number[] = [];
  for (let y = 0; y < height; y++) rows.push(0, ...rgba.subarray(y * width * 4, (y + 1) * width * 4));
  if (rows.length > 0xffff) throw new RangeError(`small PNG: ${width} by ${height} pixels are too many`);
  const length = [rows.length & 255, rows.length >>> 8];
  const zlib = [0x78, 0x01, 1, ...length, ...length.map((byte) => byte ^ 255), ...rows];
  return Uint8Array.from([
    ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    ...chunk('IHDR', [...bigEndian(width), ...bigEndian(height), 8, 6, 0, 0, 0]),
    ...chunk('IDAT', [...zlib, ...bigEndian(adler32(Uint8Array.from(rows)))]),
    ...chunk('IEND', []),
  ]);
}
