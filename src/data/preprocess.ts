import type { FloatImage, Raster } from '../core/raster.js';
import type { DecodedImage } from './image-decoder.js';
import { resizeImage } from './resize.js';
import { roundHalfToEven } from './rounding.js';

/**
 * How an image becomes a square crop:
 * - `crop`: short side to `resizeTo`, then the centre (CLIP's own)
 * - `squash`: both sides to `imageSize`, aspect ratio given up (CleanCLIP and BadCLIP before they place a trigger)
 */
export type ResizeMode = 'crop' | 'squash';

/** Red, green and blue. */
export type ChannelValues = readonly [number, number, number];

/** What happens to an image between decoding and the patch embedding. */
export interface Preprocess {
  /** Side of the square the model reads, in pixels. */
  readonly imageSize: number;
  /** Length of the short side before the centre crop, at least `imageSize`; `squash` does not use it. */
  readonly resizeTo: number;
  readonly resizeMode: ResizeMode;
  /** Per channel, of values in [0, 1]. */
  readonly mean: ChannelValues;
  readonly std: ChannelValues;
}

const clipMean: ChannelValues = [0.48145466, 0.4578275, 0.40821073];
const clipStd: ChannelValues = [0.26862954, 0.26130258, 0.27577711];

/** CLIP's own preprocessing at the model's image size. */
export function clipPreprocess(imageSize: number): Preprocess {
  return { imageSize, resizeTo: imageSize, resizeMode: 'crop', mean: clipMean, std: clipStd };
}

/**
 * Resizes (bicubic) and crops to `imageSize` x `imageSize`; values stay 0 … 255.
 * Sizes and offsets follow torchvision: the long side is cut to a whole number of pixels, the crop's corner is
 * rounded half to even.
 */
export function cropImage(image: DecodedImage, preprocess: Preprocess): Raster {
  const { imageSize, resizeTo, resizeMode } = preprocess;
  if (resizeMode === 'squash') return resizeImage(image, { width: imageSize, height: imageSize });
  const short = Math.min(image.width, image.height);
  const width = Math.trunc((resizeTo * image.width) / short);
  const height = Math.trunc((resizeTo * image.height) / short);
  const window = {
    left: roundHalfToEven((width - imageSize) / 2),
    top: roundHalfToEven((height - imageSize) / 2),
    width: imageSize,
    height: imageSize,
  };
  return resizeImage(image, { width, height, window });
}

/**
 * Normalises a crop into model input: `(value / 255 - mean) / std` per channel, in float32 as torchvision computes it.
 *
 * @param out where to write the [3, H, W] values (a batch's slice, say); new memory by default.
 * @throws RangeError when `out` does not hold 3 * H * W values.
 */
export function toPixelValues(crop: Raster, preprocess: Preprocess, out?: Float32Array): Float32Array {
  const plane = crop.width * crop.height;
  const values = out ?? new Float32Array(3 * plane);
  if (values.length !== 3 * plane) {
    throw new RangeError(
      `toPixelValues: ${crop.width} x ${crop.height} needs ${3 * plane} values, got ${values.length}`,
    );
  }
  const [red, green, blue] = preprocess.mean.map((mean, channel) => normalisedBytes(mean, preprocess.std[channel]));
  const bytes = crop.data;
  for (let i = 0, at = 0; i < plane; i++, at += 3) {
    values[i] = red[bytes[at]];
    values[plane + i] = green[bytes[at + 1]];
    values[2 * plane + i] = blue[bytes[at + 2]];
  }
  return values; // [3, H, W]
}

/**
 * Normalises float planes into model input, as `toPixelValues` does bytes.
 *
 * @param out where to write the [3, H, W] values.
 * @throws RangeError when `out` is of another length.
 */
export function floatToPixelValues({ data }: FloatImage, preprocess: Preprocess, out: Float32Array): Float32Array {
  if (out.length !== data.length) {
    throw new RangeError(`floatToPixelValues: ${data.length} values do not fit ${out.length}`);
  }
  const plane = data.length / 3;
  for (let channel = 0; channel < 3; channel++) {
    const m = Math.fround(preprocess.mean[channel]);
    const s = Math.fround(preprocess.std[channel]);
    for (let i = channel * plane; i < (channel + 1) * plane; i++) out[i] = Math.fround(data[i] - m) / s;
  }
  return out; // [3, H, W]
}

/** What each of the 256 byte values becomes. */
function normalisedBytes(mean: number, std: number): Float32Array {
  const m = Math.fround(mean);
  const s = Math.fround(std);
  return Float32Array.from({ length: 256 }, (_, byte) => Math.fround(Math.fround(byte / 255) - m) / s);
}
