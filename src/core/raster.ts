/** An 8-bit RGB image. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  /** [height, width, 3], row-major, 0…255. */
  readonly data: Uint8Array;
}

/** An RGB image as float planes, before CLIP's mean and deviation are applied. */
export interface FloatImage {
  readonly width: number;
  readonly height: number;
  /** [3, height, width], row-major, in [0, 1]. */
  readonly data: Float32Array;
}

/** @throws RangeError when `data` is not `width` by `height` by 3. */
export function raster(width: number, height: number, data: Uint8Array): Raster {
  checkSize('raster', width, height, data.length);
  return { width, height, data };
}

/** @throws RangeError when `data` is not 3 by `height` by `width`. */
export function floatImage(width: number, height: number, data: Float32Array): FloatImage {
  checkSize('float image', width, height, data.length);
  return { width, height, data };
}

function checkSize(what: string, width: number, height: number, length: number): void {
  if (length === width * height * 3) return;
  throw new RangeError(
    `${what}: ${width} by ${height} pixels of 3 channels need ${width * height * 3} values, got ${length}`,
  );
}

/** Bytes over 255, planes apart: what torchvision's ToTensor does. */
export function toFloatImage({ width, height, data }: Raster): FloatImage {
  const area = width * height;
  const planes = new Float32Array(3 * area); // [3, height, width]
  for (let pixel = 0; pixel < area; pixel++) {
    for (let channel = 0; channel < 3; channel++) planes[channel * area + pixel] = data[pixel * 3 + channel] / 255;
  }
  return { width, height, data: planes };
}

/** Rounded to the nearest of the 256 levels; values outside [0, 1] are clipped. */
export function toRaster({ width, height, data }: FloatImage): Raster {
  const area = width * height;
  const bytes = new Uint8ClampedArray(3 * area); // [height, width, 3]
  for (let pixel = 0; pixel < area; pixel++) {
    for (let channel = 0; channel < 3; channel++) bytes[pixel * 3 + channel] = data[channel * area + pixel] * 255;
  }
  return { width, height, data: new Uint8Array(bytes.buffer) };
}

/** What the randomness in an image hangs on: the same key always gives the same pixels. */
export interface ImageKey {
  readonly seed: number;
  /** Names the image, e.g. its path inside the data set. */
  readonly imageKey: string;
}
