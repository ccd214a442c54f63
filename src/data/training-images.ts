import type { Tensor } from '../tensor/tensor.js';

/** Labelled images to learn from. */
export interface TrainingImages {
  /** Class of each image. */
  readonly labels: readonly number[];
  /**
   * Loads images in the order given.
   * @param view number of the augmented view; the same number gives the same pixels
   * @returns batches of up to `batch` images: normalised pixels [n, 3, S, S], which are handed over, and which images
   * they are
   */
  load(order: readonly number[], view: number, batch: number): AsyncIterable<ImageBatch>;
}

/** Some of the images, normalised. */
export interface ImageBatch {
  readonly pixelValues: Tensor;
  readonly indices: readonly number[];
}
