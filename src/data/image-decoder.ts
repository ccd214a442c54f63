import type { ByteSource } from '../core/bytes.js';
import type { Raster } from '../core/raster.js';

/**
 * Decodes one image file to 8-bit sRGB; the host supplies it.
 * @throws InputError naming the file when it cannot be decoded whole.
 */
export type DecodeImage = (source: ByteSource) => Promise<Raster>;
