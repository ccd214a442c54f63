import { overlapped } from '../core/overlapped.js';
import type { PairSource } from '../data/pair-source.js';
import { toPixelValues, type Preprocess } from '../data/preprocess.js';
import { tensor } from '../tensor/tensor.js';
import type { ContrastiveBatch } from './contrastive-trainer.js';
import { epochOrder } from './epoch-order.js';

/** Pairs ready for a step. */
export interface PairBatch extends ContrastiveBatch {
  /** [B] which pairs these are. */
  readonly indices: readonly number[];
}

export interface PairBatchOptions {
  readonly batchSize: number;
  readonly preprocess: Preprocess;
  /** With the epoch, decides the order. */
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
  { batchSize, preprocess, seed, epoch, from = 0 }: PairBatchOptions,
): AsyncGenerator<PairBatch, void, undefined> {
  const order = epochOrder(pairs.count, epoch, seed);
  const chosen = Array.from({ length: batchesPerEpoch(pairs, batchSize) - from }, (_, i) =>
    order.slice((from + i) * batchSize, (from + i + 1) * batchSize),
  );
  return overlapped(chosen, async (indices) => {
    const { imageSize } = preprocess;
    const pixels = tensor([indices.length, 3, imageSize, imageSize]);
    const size = 3 * imageSize * imageSize;
    await Promise.all(
      indices.map(async (index, i) => {
        toPixelValues(await pairs.image(index), preprocess, pixels.data.subarray(i * size, (i + 1) * size));
      }),
    );
    return { pixels, captions: indices.map((index) => pairs.caption(index)), indices };
  });
}
