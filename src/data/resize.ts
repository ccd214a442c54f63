import type { Raster } from '../core/raster.js';
import type { DecodedImage } from './image-decoder.js';
import { resample, type ResampleOptions } from './resample.js';

/**
 * {@link resample} for images that may be transparent, as Pillow resizes them: colours count by their alpha, so that
 * what lies hidden under full transparency does not bleed into its neighbours; then alpha is dropped, not composited.
 * An image that keeps its size keeps its colours, hidden ones too.
 */
export function resizeImage(image: DecodedImage, options: ResampleOptions): Raster {
  const { width, height } = options.source ?? image;
  if (image.alpha === undefined || (width === options.width && height === options.height)) {
    return resample(image, options);
  }
  const colours = resample({ ...image, data: premultiplied(image.data, image.alpha) }, options);
  const alpha = resample({ ...image, data: asGray(image.alpha) }, options);
  return { ...colours, data: unpremultiplied(colours.data, alpha.data) };
}

function premultiplied(data: Uint8Array, alpha: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let pixel = 0, i = 0; pixel < alpha.length; pixel++) {
    for (const end = i + 3; i < end; i++) {
      const product = data[i] * alpha[pixel] + 128;
      out[i] = (product + (product >> 8)) >> 8; // product / 255, rounded
    }
  }
  return out;
}

function asGray(plane: Uint8Array): Uint8Array {
  const out = new Uint8Array(plane.length * 3);
  for (let i = 0; i < plane.length; i++) {
    out[3 * i] = plane[i];
    out[3 * i + 1] = plane[i];
    out[3 * i + 2] = plane[i];
  }
  return out;
}

/** @param alpha one value a byte of `data` */
function unpremultiplied(data: Uint8Array, alpha: Uint8Array): Uint8Array {
  return data.map((value, i) => (alpha[i] === 0 ? value : Math.min(Math.trunc((255 * value) / alpha[i]), 255)));
}
