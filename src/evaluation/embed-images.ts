import type { BrokenImage } from '../data/loader.js';
import type { Sample } from '../data/sample.js';
import { scaleRowsToUnit } from '../inference/unit-rows.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import { encodeViews, rowsOfView, type MeasureOptions, type View } from './encode-views.js';

/** Images in the space that they share with texts. */
export interface EmbeddedImages {
  /** Those that could be decoded, in order. */
  readonly samples: readonly Sample[];
  /** Of each view the embeddings, rows of length 1: [n, E]. */
  readonly byView: readonly Tensor[];
  readonly broken: readonly BrokenImage[];
}

/**
 * Embeds the images of `options.source` in one view or more.
 * @throws InputError naming an image that cannot be decoded, where the source says so
 */
export async function embedImages(options: MeasureOptions, views: readonly View[]): Promise<EmbeddedImages> {
  const { embedDim } = options.weights.architecture;
  const samples: Sample[] = [];
  const parts: Float32Array[][] = views.map(() => []);
  const broken = await encodeViews(options, views, {}, ({ images, encoded: { embeddings } }) => {
    samples.push(...images.map(({ sample }) => sample));
    views.forEach((_, view) => {
      parts[view].push(rowsOfView(embeddings.data, [1, images.length, embedDim], view, views.length));
    });
  });
  const byView = parts.map((batches) => {
    const rows = tensor([samples.length, embedDim]);
    let at = 0;
    for (const batch of batches) {
      rows.data.set(batch, at);
      at += batch.length;
    }
    scaleRowsToUnit(rows.data, embedDim);
    return rows;
  });
  return { samples, byView, broken };
}
