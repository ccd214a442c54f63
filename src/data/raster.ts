import type { ByteSource } from '../core/bytes.js';

/**
 * An 8-bit RGB image: row-major, the three channels of a pixel side by side, values 0 … 255 (sRGB, not normalised).
 * This is what decoding gives, what triggers and augmentation act on, and what `toPixelValues` turns into model input.
 */
export interface Raster {
  readonly width: number;
  readonly height: number;
  /** [height, width, 3] */
  readonly data: Uint8Array;
}

/**
 * Decodes one image file; the host supplies it.
 * @throws InputError naming the file when it cannot be decoded whole.
 */
export type DecodeImage = (source: ByteSource) => Promise<Raster>;

/** @throws RangeError when `data` is not [height, width, 3]. */
export function raster(width: number, height: number, data: Uint8Array): Raster {
  const valid = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (!valid || data.length !== width * height * 3) {
    throw new RangeError(`raster: ${width} x ${height} RGB does not fit ${data.length} bytes`);
  }
  return { width, height, data };
}
