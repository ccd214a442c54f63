import { overlapped } from '../core/overlapped.js';
import { silentProgress, type Progress } from '../core/progress.js';
import type { Raster } from '../core/raster.js';
import { toPixelValues, type Preprocess } from '../data/preprocess.js';
import type { ClipWeights } from '../model/weights.js';
import type { Runtime } from '../runtime/session.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import { ImageEncoder, type EncodedImages } from './image-encoder.js';
import { scaleRowsToUnit } from './unit-rows.js';

/** Images that go through the vision tower together. */
const CHUNK = 16;

/**
 * Unit features of crops that are in memory.
 * @param crops of the model's image size, at least one
 * @returns [n, E]
 */
export async function imageFeatures(
  runtime: Runtime,
  weights: ClipWeights,
  preprocess: Preprocess,
  crops: readonly Raster[],
  { progress = silentProgress, signal }: { readonly progress?: Progress; readonly signal?: AbortSignal } = {},
): Promise<Tensor> {
  const { embedDim } = weights.architecture;
  const { imageSize } = preprocess;
  const size = 3 * imageSize * imageSize;
  const features = tensor([crops.length, embedDim]);
  const chunk = Math.min(CHUNK, crops.length);
  await using encoder = await ImageEncoder.create(runtime, weights, { batch: chunk });
  const encode = (start: number): Promise<EncodedImages> => {
    const some = crops.slice(start, start + chunk);
    const pixels = tensor([some.length, 3, imageSize, imageSize]);
    some.forEach((crop, i) => toPixelValues(crop, preprocess, pixels.data.subarray(i * size, (i + 1) * size)));
    return encoder.encode(pixels);
  };
  const starts = Array.from({ length: Math.ceil(crops.length / chunk) }, (_, i) => i * chunk);
  const task = progress.begin('image features', crops.length, 'images');
  let done = 0;
  for await (const { embeddings } of overlapped(starts, encode, encoder.lanes + 1)) {
    signal?.throwIfAborted();
    features.data.set(embeddings.data, done * embedDim);
    done += embeddings.shape[0];
    task.update(done);
  }
  task.end();
  scaleRowsToUnit(features.data, embedDim);
  return features;
}
