import type { FileStore } from '../core/bytes.js';
import { InputError } from '../core/errors.js';
import type { Raster } from '../core/raster.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import type { DecodedImage, DecodeImage } from './image-decoder.js';
import { cropImage, toPixelValues, type Preprocess } from './preprocess.js';
import type { Sample } from './sample.js';
import { withFile } from './text-file.js';

/** Images ready for the model. */
export interface Batch {
  /** [B, 3, H, W], normalised. */
  readonly pixelValues: Tensor;
  /** [B] indices into the class names. */
  readonly labels: readonly number[];
  readonly samples: readonly Sample[];
  /** [B] positions in the list that was loaded. */
  readonly indices: readonly number[];
}

/** One image, cropped and not normalised. */
export interface LoadedImage {
  /** [H, W, 3], 0 … 255 */
  readonly crop: Raster;
  /** The image squashed to the crop's size instead, where `alsoSquashed` asks for it. */
  readonly squashed?: Raster;
  readonly sample: Sample;
  /** Position in the list that was loaded. */
  readonly index: number;
}

/** An image that could not be decoded, and why. */
export interface BrokenImage {
  readonly sample: Sample;
  readonly error: InputError;
}

export interface LoadOptions {
  readonly images: FileStore;
  readonly samples: readonly Sample[];
  readonly decode: DecodeImage;
  readonly preprocess: Preprocess;
  /** Makes the crop; `cropImage` by default. Augmentation and triggers go here. */
  readonly crop?: (image: DecodedImage, sample: Sample, index: number) => Raster;
  /** Squash every image as well, for triggers that want it. */
  readonly alsoSquashed?: boolean;
  /** How many images are decoded ahead of the one that is wanted: memory against waiting. */
  readonly ahead?: number;
  /** `fail` (the default) throws at the first image that cannot be decoded; `skip` leaves it out and names it. */
  readonly onBroken?: 'fail' | 'skip';
}

const defaultAhead = 8;

type Outcome = { image: LoadedImage } | { broken: BrokenImage } | { fatal: unknown };

/**
 * Decodes and crops images ahead of their use, so that decoding overlaps with compute. Images come in the order of
 * `samples`; only `ahead` of them are in memory. Can be iterated more than once.
 */
export class ImageLoader {
  /** Images left out so far in the latest iteration, in order. */
  broken: readonly BrokenImage[] = [];
  readonly #options: LoadOptions;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** @throws InputError naming the image, where `onBroken` is `fail`. */
  async *images(): AsyncGenerator<LoadedImage, void, undefined> {
    const { samples, ahead = defaultAhead, onBroken = 'fail' } = this.#options;
    const broken: BrokenImage[] = [];
    this.broken = broken;
    // outcomes never reject, so that leaving the loop early leaves no rejection behind
    const pending: Promise<Outcome>[] = [];
    for (let next = 0; pending.length > 0 || next < samples.length;) {
      while (next < samples.length && pending.length <= ahead) pending.push(this.#load(next++));
      const outcome = await pending.shift();
      if (outcome === undefined) return;
      if ('image' in outcome) {
        yield outcome.image;
      } else if ('broken' in outcome && onBroken === 'skip') {
        broken.push(outcome.broken);
      } else {
        throw 'broken' in outcome ? outcome.broken.error : outcome.fatal;
      }
    }
  }

  /**
   * Batches of `batchSize` images; the last may be smaller. Left-out images do not shrink a batch.
   * @throws InputError naming the image, where `onBroken` is `fail`.
   */
  async *batches(batchSize: number): AsyncGenerator<Batch, void, undefined> {
    let images: LoadedImage[] = [];
    for await (const image of this.images()) {
      images.push(image);
      if (images.length < batchSize) continue;
      yield toBatch(images, this.#options.preprocess);
      images = [];
    }
    if (images.length > 0) yield toBatch(images, this.#options.preprocess);
  }

  async #load(index: number): Promise<Outcome> {
    const { images, samples, decode, preprocess, crop, alsoSquashed = false } = this.#options;
    const sample = samples[index];
    let decoded: DecodedImage;
    try {
      decoded = await withFile(images, sample.path, decode);
    } catch (thrown) {
      return thrown instanceof InputError ? { broken: { sample, error: thrown } } : { fatal: thrown };
    }
    try {
      const image = { crop: crop?.(decoded, sample, index) ?? cropImage(decoded, preprocess), sample, index };
      if (!alsoSquashed) return { image };
      return { image: { ...image, squashed: cropImage(decoded, { ...preprocess, resizeMode: 'squash' }) } };
    } catch (thrown) {
      // a trigger or setting that does not fit is no fault of the image
      return { fatal: thrown };
    }
  }
}

/**
 * Normalises crops into one batch.
 * @throws RangeError when a crop is not of the preprocessing's image size.
 */
export function toBatch(images: readonly LoadedImage[], preprocess: Preprocess): Batch {
  const { imageSize } = preprocess;
  const pixelValues = tensor([images.length, 3, imageSize, imageSize]);
  const length = 3 * imageSize * imageSize;
  for (const [i, { crop }] of images.entries()) {
    toPixelValues(crop, preprocess, pixelValues.data.subarray(i * length, (i + 1) * length));
  }
  return {
    pixelValues, // [B, 3, H, W]
    labels: images.map(({ sample }) => sample.label),
    samples: images.map(({ sample }) => sample),
    indices: images.map(({ index }) => index),
  };
}
