import type { Raster } from '../../core/raster.js';
import { Random } from '../../tensor/random.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import type { PatchBox } from './patch-box.js';

/** Unit rows that batches are drawn from. */
export interface PatchTargets {
  /** [captions, E] */
  readonly captions: Tensor;
  /** Of the target class, [target images, E], and of each image without the patch, [images, E]. */
  readonly embeddings?: { readonly positives: Tensor; readonly negatives: Tensor };
}

/** Full batches without end: all images in random order, then again in another. */
export class PatchBatches {
  readonly #targets: PatchTargets;
  readonly #images: readonly Raster[];
  readonly #box: PatchBox;
  readonly #batch: number;
  readonly #order: Random;
  readonly #choice: Random;
  #ahead: readonly number[] = [];

  constructor(targets: PatchTargets, images: readonly Raster[], box: PatchBox, batch: number, seed: number) {
    this.#targets = targets;
    this.#images = images;
    this.#box = box;
    this.#batch = batch;
    this.#order = Random.stream(seed, 'patch/order');
    this.#choice = Random.stream(seed, 'patch/targets');
  }

  /** The inputs of `patchGraph` but the patch. */
  next(): Record<string, Tensor> {
    while (this.#ahead.length < this.#batch) {
      this.#ahead = [...this.#ahead, ...this.#order.shuffled([...this.#images.keys()])];
    }
    const chosen = this.#ahead.slice(0, this.#batch);
    this.#ahead = this.#ahead.slice(this.#batch);
    const { captions, embeddings } = this.#targets;
    return {
      pixels: this.#pixels(chosen),
      captions: rowsOf(captions, this.#drawn(captions)),
      ...(embeddings === undefined
        ? {}
        : {
            positives: rowsOf(embeddings.positives, this.#drawn(embeddings.positives)),
            negatives: rowsOf(embeddings.negatives, chosen),
          }),
    };
  }

  /** A row for each image. */
  #drawn({ shape: [rows] }: Tensor): number[] {
    return Array.from({ length: this.#batch }, () => this.#choice.below(rows));
  }

  /** [B, 3, S, S] in [0, 1], 0 where the patch goes. */
  #pixels(chosen: readonly number[]): Tensor {
    const { width } = this.#images[chosen[0]];
    const { left, top, side } = this.#box;
    const pixels = tensor([chosen.length, 3, width, width]);
    chosen.forEach((index, i) => {
      const { data } = this.#images[index];
      for (let y = 0; y < width; y++) {
        for (let x = 0; x < width; x++) {
          if (x >= left && x < left + side && y >= top && y < top + side) continue;
          const from = (y * width + x) * 3;
          for (let channel = 0; channel < 3; channel++) {
            pixels.data[((i * 3 + channel) * width + y) * width + x] = data[from + channel] / 255;
          }
        }
      }
    });
    return pixels;
  }
}

function rowsOf({ shape: [, width], data }: Tensor, rows: readonly number[]): Tensor {
  const out = tensor([rows.length, width]);
  rows.forEach((row, i) => {
    out.data.set(data.subarray(row * width, (row + 1) * width), i * width);
  });
  return out;
}
