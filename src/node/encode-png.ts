import sharp from 'sharp';

import type { Raster } from '../core/raster.js';

/** A PNG of the image, without loss. */
export async function encodePng({ width, height, data }: Raster): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** The same in base64, as records hold images. */
export async function pngInBase64(image: Raster): Promise<string> {
  return Buffer.from(await encodePng(image)).toString('base64');
}
