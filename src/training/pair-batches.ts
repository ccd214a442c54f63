import { overlapped } from '../core/overlapped.js';
import type { Raster } from '../core/raster.js';
import type { ViewKey } from '../data/augment.js';
import type { PairSource } from '../data/pair-source.js';
import { toPixelValues, type Preprocess } from '../data/preprocess.js';
import { tensor } from '../tensor/tensor.js';
import type { ContrastiveBatch } from './contrastive-trainer.js';
import { epochOrder } from './epoch-order.js';

/** Pairs ready for a step: with V views, first all pairs in the first view, then all in the second. */
export interface PairBatch extends ContrastiveBatch {
  /** [B] which pairs these are. */
  readonly indices: readonly number[];
}

/** How pairs are seen; it hangs on its arguments alone. */
export interface PairView {
  /** Writes normalised pixel values [3, S, S]. @param key names image, run and epoch */
  pixels(crop: Raster, preprocess: Preprocess, key: ViewKey, out: Float32Array): void;
  caption(caption: string, index: number): string;
}

/** Pairs as they are. */
export const plainView: PairView = {
  pixels: (crop, preprocess, _key, out) => toPixelValues(crop, preprocess, out),
  caption: (caption) => caption,
};

export interface PairBatchOptions {
  readonly batchSize: number;
  readonly preprocess: Preprocess;
  /** How each pair is seen; as it is, where not set. */
  readonly views?: readonly PairView[] | undefined;
  /** With the epoch, decides the order and the views. */
  readonly seed: number;
  readonly epoch: number;
  /** Leave out this many batches: those that a resumed run has had. */
  readonly from?: number;
}

/** Full batches of an epoch; the pairs that do not fill one are left out, other ones each epoch. */
export function batchesPerEpoch(pairs: Pick<PairSource, 'count'>, batchSize: number): number {
  return Math.floor(pairs.count / batchSize);
}

/**
 * The batches of one epoch, in an order of its own. The next batch is decoded while the one before is used.
 * @throws InputError naming the image that cannot be decoded
 */
export function pairBatches(
  pairs: PairSource,
  { batchSize, preprocess, views = [plainView], seed, epoch, from = 0 }: PairBatchOptions,
): AsyncGenerator<PairBatch, void, undefined> {
  const order = epochOrder(pairs.count, epoch, seed);
  const chosen = Array.from({ length: batchesPerEpoch(pairs, batchSize) - from }, (_, i) =>
    order.slice((from + i) * batchSize, (from + i + 1) * batchSize),
  );
  return overlapped(chosen, async (indices) => {
    const { imageSize } = preprocess;
    const count = indices.length;
    const pixels = tensor([views.length * count, 3, imageSize, imageSize]); // [V·B, 3, S, S]
    const size = 3 * imageSize * imageSize;
    await Promise.all(
      indices.map(async (index, i) => {
        const image = await pairs.image(index);
        const key = { seed, imageKey: pairs.key(index), view: epoch };
        views.forEach((view, v) => {
          const at = (v * count + i) * size;
          view.pixels(image, preprocess, key, pixels.data.subarray(at, at + size));
        });
      }),
    );
    const captions = views.flatMap((view) => indices.map((index) => view.caption(pairs.caption(index), index)));
    return { pixels, captions, indices };
  });
}
