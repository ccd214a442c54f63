import type { ByteSource } from '../core/bytes.js';
import type { Raster } from '../core/raster.js';

/** An image as its file holds it, in 8-bit sRGB. */
export interface DecodedImage extends Raster {
  /** [height, width], 0 … 255, where anything is transparent. `data` is not premultiplied by it. */
  readonly alpha?: Uint8Array;
}

/**
 * Decodes one image file; the host supplies it.
 * @throws InputError naming the file when it cannot be decoded whole.
 */
export type DecodeImage = (source: ByteSource) => Promise<DecodedImage>;
