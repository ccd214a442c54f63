import { overlapped } from '../core/overlapped.js';
import { silentProgress, type Progress } from '../core/progress.js';
import type { Raster } from '../core/raster.js';
import { toPixelValues, type Preprocess } from '../data/preprocess.js';
import type { FoldedPrompts } from '../model/clip-graphs.js';
import type { ClipWeights } from '../model/weights.js';
import type { Runtime } from '../runtime/session.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import { ImageEncoder, type EncodedImages } from './image-encoder.js';
import { scaleRowsToUnit } from './unit-rows.js';

/** Images that go through the vision tower together. */
const CHUNK = 16;

export interface ImageFeaturesOptions {
  /** Keys and values of the visual prompts of a defended model. */
  readonly prompts?: FoldedPrompts | undefined;
  readonly progress?: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Images that are made when they are wanted. */
export interface Crops {
  readonly length: number;
  /** Crop number `index`, of the model's image size. */
  at(index: number): Raster | undefined | Promise<Raster>;
}

/**
 * Unit features of crops.
 * @param crops at least one: a list of them, or what makes them one by one
 * @returns [n, E]
 */
export async function imageFeatures(
  runtime: Runtime,
  weights: ClipWeights,
  preprocess: Preprocess,
  crops: Crops,
  { prompts, progress = silentProgress, signal }: ImageFeaturesOptions = {},
): Promise<Tensor> {
  const { embedDim } = weights.architecture;
  const { imageSize } = preprocess;
  const size = 3 * imageSize * imageSize;
  const features = tensor([crops.length, embedDim]);
  const chunk = Math.min(CHUNK, crops.length);
  await using encoder = await ImageEncoder.create(runtime, weights, {
    batch: chunk,
    ...(prompts === undefined ? {} : { prompts }),
  });
  const encode = async (start: number): Promise<EncodedImages> => {
    const count = Math.min(chunk, crops.length - start);
    const pixels = tensor([count, 3, imageSize, imageSize]);
    for (let i = 0; i < count; i++) {
      const crop = await crops.at(start + i);
      if (crop === undefined) throw new RangeError(`image features: no crop ${start + i} of ${crops.length}`);
      toPixelValues(crop, preprocess, pixels.data.subarray(i * size, (i + 1) * size));
    }
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
