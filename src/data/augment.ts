import type { Raster } from '../core/raster.js';
import { Random } from '../tensor/random.js';
import type { DecodedImage } from './image-decoder.js';
import { cropImage, type Preprocess } from './preprocess.js';
import type { Box } from './resample.js';
import { resizeImage } from './resize.js';
import { roundHalfToEven } from './rounding.js';

/** What a random view depends on, and nothing else: not the order in which views are asked for. */
export interface ViewKey {
  readonly seed: number;
  /** Names the image, e.g. its path inside the data set. */
  readonly imageKey: string;
  /** Which of the image's views, from 0. */
  readonly view: number;
}

/** Makes a square crop of `preprocess.imageSize`; values stay 0 … 255. */
export type Augment = (image: DecodedImage, preprocess: Preprocess, key: ViewKey) => Raster;

/** A random resized crop, then a horizontal flip half of the time. @param leastArea share of the image that is kept */
function cropFlip(leastArea: number): Augment {
  return (image, { imageSize }, { seed, imageKey, view }) => {
    const random = Random.stream(seed, `augment/${view}/${imageKey}`);
    const source = randomBox(image, leastArea, random);
    const crop = resizeImage(image, { width: imageSize, height: imageSize, source });
    return random.uniform() < 0.5 ? flipHorizontally(crop) : crop;
  };
}

const table = {
  none: (image, preprocess) => cropImage(image, preprocess),
  'crop-flip': cropFlip(0.08),
  'light-crop-flip': cropFlip(0.7),
} satisfies Record<string, Augment>;

export type AugmentationName = keyof typeof table;
export const augmentationNames = [
  'none',
  'crop-flip',
  'light-crop-flip',
] as const satisfies readonly AugmentationName[];

/**
 * Ways to view a training image. `none` is the model's own preprocessing. `crop-flip` is CoOp's: a random resized crop
 * as torchvision draws it (area 8 to 100 %, aspect 3:4 to 4:3, bicubic), then a horizontal flip half of the time.
 * `light-crop-flip` keeps 70 % of the area or more, for images that one thing fills.
 */
export const augmentations: Readonly<Record<AugmentationName, Augment>> = table;

const aspectRange = [3 / 4, 4 / 3] as const;
const attempts = 10;

/** torchvision's RandomResizedCrop.get_params: ten tries, then the largest centred box of an allowed aspect. */
function randomBox({ width, height }: Raster, leastArea: number, random: Random): Box {
  const logAspect = aspectRange.map(Math.log);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const area = width * height * between(leastArea, 1, random);
    const aspect = Math.exp(between(logAspect[0], logAspect[1], random));
    const boxWidth = roundHalfToEven(Math.sqrt(area * aspect));
    const boxHeight = roundHalfToEven(Math.sqrt(area / aspect));
    if (boxWidth < 1 || boxHeight < 1 || boxWidth > width || boxHeight > height) continue;
    const top = random.below(height - boxHeight + 1);
    const left = random.below(width - boxWidth + 1);
    return { left, top, width: boxWidth, height: boxHeight };
  }
  const aspect = Math.min(Math.max(width / height, aspectRange[0]), aspectRange[1]);
  const boxWidth = Math.min(width, Math.max(roundHalfToEven(height * aspect), 1));
  const boxHeight = Math.min(height, Math.max(roundHalfToEven(width / aspect), 1));
  return {
    left: Math.trunc((width - boxWidth) / 2),
    top: Math.trunc((height - boxHeight) / 2),
    width: boxWidth,
    height: boxHeight,
  };
}

function between(low: number, high: number, random: Random): number {
  return low + (high - low) * random.uniform();
}

/** Mirrors left and right; a copy. */
export function flipHorizontally({ width, height, data }: Raster): Raster {
  const out = new Uint8Array(data.length); // [height, width, 3]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      const to = (y * width + width - 1 - x) * 3;
      out[to] = data[from];
      out[to + 1] = data[from + 1];
      out[to + 2] = data[from + 2];
    }
  }
  return { width, height, data: out };
}
