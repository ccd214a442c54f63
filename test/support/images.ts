import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';

import { Random } from '../../src/tensor/random.js';

/** Side of the images that `writeImages` makes: what the small golden CLIP reads, so that a crop is the image. */
export const imageSide = 64;

/** Bytes of smooth noise: 8 by 8 random colours, enlarged. PNG keeps them as they are. */
export async function noisePng(name: string): Promise<Uint8Array> {
  const random = Random.stream(0, `test/images/${name}`);
  const colors = Buffer.from(Array.from({ length: 8 * 8 * 3 }, () => random.below(256)));
  return sharp(colors, { raw: { width: 8, height: 8, channels: 3 } })
    .resize(imageSide, imageSide)
    .png()
    .toBuffer();
}

/** Writes an image folder: `<class>/<i>.png`, `count` images a class. */
export async function writeImages(folder: string, classNames: readonly string[], count: number): Promise<void> {
  for (const className of classNames) {
    await mkdir(path.join(folder, className), { recursive: true });
    for (let i = 0; i < count; i++) {
      await writeFile(path.join(folder, className, `${i}.png`), await noisePng(`${className}/${i}`));
    }
  }
}

/** A PNG whose header promises more than its data holds. */
export function blankPng(width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const chunk = (type: string, data: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8 + body.length);
    frame.writeUInt32BE(data.length, 0);
    frame.set(body, 4);
    frame.writeUInt32BE(crc32(body), 4 + body.length);
    return frame;
  };
  const signature = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', new Uint8Array(8)),
    chunk('IEND', new Uint8Array(0)),
  ]);
}
