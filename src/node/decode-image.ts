import sharp, { type Metadata, type Sharp } from 'sharp';

import type { ByteSource } from '../core/bytes.js';
import { InputError, messageOf } from '../core/errors.js';
import { raster } from '../core/raster.js';
import type { DecodedImage, DecodeImage } from '../data/image-decoder.js';
import { imageFormats } from '../data/image-formats.js';

/** Limits of what is decoded, and how. */
export interface DecoderOptions {
  /** Largest image that is decoded, in pixels. */
  readonly maxPixels?: number;
  /** Largest file that is read, in bytes. */
  readonly maxBytes?: number;
  /** Turn images as their EXIF orientation says (Pillow, and so CLIP's own code, does not). */
  readonly exifRotation?: boolean;
}

/** 100 megapixels: 300 MB as RGB. */
export const defaultMaxPixels = 100_000_000;
export const defaultMaxBytes = 256 * 2 ** 20;

/**
 * A decoder on libvips. Work happens on libuv's threads, one image a thread, so that it overlaps with compute.
 * Sets two process-wide switches of sharp to that end: one thread an image, and no cache of operations.
 */
export function imageDecoder(options: DecoderOptions = {}): DecodeImage {
  const { maxPixels = defaultMaxPixels, maxBytes = defaultMaxBytes, exifRotation = true } = options;
  sharp.concurrency(1);
  sharp.cache(false);
  return async (source) => {
    const bytes = await readImageFile(source, maxBytes);
    // the header alone: nothing is taken for pixels before their number is known to be allowed
    const header = await orBroken(source, () => sharp(bytes, { limitInputPixels: false }).metadata());
    checkHeader(source, header, maxPixels);
    return decode(
      source,
      header,
      sharp(bytes, {
        autoOrient: exifRotation,
        // colour profiles are passed over, as Pillow passes over them
        ignoreIcc: true,
        failOn: 'error',
        limitInputPixels: maxPixels,
      }),
    );
  };
}

async function readImageFile(source: ByteSource, maxBytes: number): Promise<Uint8Array> {
  if (source.size === 0) throw broken(source, 'an empty file');
  if (source.size > maxBytes) {
    throw new InputError({
      code: 'data',
      operation: `decode ${source.name}`,
      expected: `a file of at most ${maxBytes} bytes`,
      received: `${source.size} bytes`,
    });
  }
  return source.read(0, source.size);
}

function checkHeader(source: ByteSource, { format, width, height }: Metadata, maxPixels: number): void {
  const names = imageFormats.map(({ name }) => name);
  if (!names.includes(format)) {
    throw new InputError({
      code: 'unsupported',
      operation: `decode ${source.name}`,
      expected: `one of ${names.join(', ')}`,
      received: format,
    });
  }
  if (width * height > maxPixels) {
    throw new InputError({
      code: 'data',
      operation: `decode ${source.name}`,
      expected: `at most ${maxPixels} pixels`,
      received: `${width} x ${height}, which is ${width * height}`,
      fix: 'Scale the image down, or raise the limit on pixels.',
    });
  }
}

async function orBroken<T>(source: ByteSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw broken(source, messageOf(thrown).split('\n')[0], thrown);
  }
}

function broken(source: ByteSource, received: string, cause?: unknown): InputError {
  return new InputError({
    code: 'malformed',
    operation: `decode ${source.name}`,
    expected: `a whole image (${imageFormats.map(({ name }) => name).join(', ')})`,
    received,
    fix: 'Replace the file or take it out of the data.',
    cause,
  });
}

async function decode(source: ByteSource, header: Metadata, image: Sharp): Promise<DecodedImage> {
  const cmyk = header.space === 'cmyk';
  const converted = cmyk ? image.pipelineColourspace('cmyk').toColourspace('cmyk') : image.toColourspace('srgb');
  const { data, info } = await orBroken(source, () =>
    converted.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }),
  );
  const { width, height, channels } = info;
  if (cmyk) return raster(width, height, cmykToRgb(data));
  if (channels === 3) return raster(width, height, new Uint8Array(data.buffer, data.byteOffset, data.length));
  const { rgb, alpha, transparent } = splitAlpha(data);
  return transparent ? { ...raster(width, height, rgb), alpha } : raster(width, height, rgb);
}

/** Ink to light without a colour profile, as Pillow converts: c' = (255 - k) - c (255 - k) / 255. */
function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4, to += 3) {
    const light = 255 - cmyk[from + 3];
    for (let channel = 0; channel < 3; channel++) {
      rgb[to + channel] = light - Math.round((cmyk[from + channel] * light) / 255);
    }
  }
  return rgb;
}

function splitAlpha(rgba: Uint8Array): { rgb: Uint8Array; alpha: Uint8Array; transparent: boolean } {
  const count = rgba.length / 4;
  const rgb = new Uint8Array(count * 3);
  const alpha = new Uint8Array(count);
  let transparent = false;
  for (let i = 0; i < count; i++) {
    rgb[3 * i] = rgba[4 * i];
    rgb[3 * i + 1] = rgba[4 * i + 1];
    rgb[3 * i + 2] = rgba[4 * i + 2];
    alpha[i] = rgba[4 * i + 3];
    transparent ||= alpha[i] !== 255;
  }
  return { rgb, alpha, transparent };
}
