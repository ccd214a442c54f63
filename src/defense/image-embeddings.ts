import { overlapped } from '../core/overlapped.js';
import type { ImageBatch, TrainingImages } from '../data/training-images.js';
import { ImageEncoder, type EncodedImages } from '../inference/image-encoder.js';
import { scaleRowsToUnit } from '../inference/unit-rows.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import type { DefenseInput } from './defense.js';

/** Images that go through the vision tower together. */
const CHUNK = 16;

/**
 * The frozen model's embeddings of all images in their first `views` views.
 * @param unit scale them to length 1
 * @returns [views · n, E], the images of a view adjacent
 */
export async function embedTrainingImages(
  { runtime, weights, progress, signal }: Pick<DefenseInput, 'runtime' | 'weights' | 'progress' | 'signal'>,
  images: TrainingImages,
  { views, unit }: { readonly views: number; readonly unit: boolean },
): Promise<Tensor> {
  const count = images.labels.length;
  const { embedDim } = weights.architecture;
  const embeddings = tensor([views * count, embedDim]);
  const order = images.labels.map((_, index) => index);
  await using encoder = await ImageEncoder.create(runtime, weights, { batch: Math.min(CHUNK, count) });
  const encode = async ({
    pixelValues,
    indices,
  }: ImageBatch): Promise<EncodedImages & Pick<ImageBatch, 'indices'>> => ({
    ...(await encoder.encode(pixelValues)),
    indices,
  });
  const task = progress.begin('features', views * count, 'images');
  try {
    let done = 0;
    for (let view = 0; view < views; view++) {
      const batches = images.load(order, view, encoder.batch);
      for await (const { embeddings: some, indices } of overlapped(batches, encode, encoder.lanes + 1)) {
        signal?.throwIfAborted();
        for (const [i, index] of indices.entries()) {
          const row = some.data.subarray(i * embedDim, (i + 1) * embedDim);
          embeddings.data.set(row, (view * count + index) * embedDim);
        }
        task.update((done += indices.length));
      }
    }
  } finally {
    task.end();
  }
  if (unit) scaleRowsToUnit(embeddings.data, embedDim);
  return embeddings;
}
