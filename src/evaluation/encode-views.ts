import { overlapped } from '../core/overlapped.js';
import type { Progress } from '../core/progress.js';
import { ImageLoader, type BrokenImage, type LoadedImage, type LoadOptions } from '../data/loader.js';
import { ImageEncoder, type EncodedImages, type Encoder } from '../inference/image-encoder.js';
import type { FoldedPrompts, ImageGraphOptions } from '../model/clip-graphs.js';
import type { ClipWeights } from '../model/weights.js';
import type { Runtime } from '../runtime/session.js';
import { tensor, type Tensor } from '../tensor/tensor.js';

/** Writes one way to see an image, as it is or changed, as normalised pixel values: `out` is [3, S, S]. */
export type View = (image: LoadedImage, out: Float32Array) => void;

/** Where images come from and what runs on them. */
export interface MeasureOptions {
  readonly runtime: Runtime;
  readonly weights: ClipWeights;
  readonly source: Pick<LoadOptions, 'images' | 'samples' | 'decode' | 'preprocess' | 'alsoSquashed' | 'onBroken'>;
  /** Keys and values of the visual prompts of a defended model. */
  readonly prompts?: FoldedPrompts | undefined;
  /** Opens another encoder than the model's own. */
  readonly openEncoder?: (options: Omit<ImageGraphOptions, 'prompts'>) => Promise<Encoder>;
  /** Views that go through the model together; an image's own always do, so there may be more. */
  readonly batch: number;
  readonly progress: Progress;
  /** Stops between two batches. */
  readonly signal?: AbortSignal;
}

/** Images that went through the model together: rows of `encoded` are [images, views], the views of an image adjacent. */
export interface EncodedViews {
  readonly images: readonly LoadedImage[];
  readonly encoded: EncodedImages;
}

/**
 * Runs every image through the vision tower in several views, decoding it once. Decoding, and making the views of the
 * next batch, overlap with the model's work on the one before.
 * @param outputs what the tower is to say besides embeddings
 * @param use is given the batches in order
 * @returns images that could not be decoded, where `source.onBroken` is `skip`
 * @throws InputError naming the image, where it is `fail`
 */
export async function encodeViews(
  { runtime, weights, source, prompts, openEncoder, batch, progress, signal }: MeasureOptions,
  views: readonly View[],
  outputs: Omit<ImageGraphOptions, 'batch' | 'prompts'>,
  use: (encoded: EncodedViews) => void,
): Promise<readonly BrokenImage[]> {
  const { samples, preprocess } = source;
  const imagesAtOnce = Math.max(1, Math.min(Math.floor(batch / views.length), samples.length));
  const loader = new ImageLoader({ ...source, ahead: (runtime.lanes + 1) * imagesAtOnce });
  const wanted = { ...outputs, batch: imagesAtOnce * views.length };
  await using encoder =
    (await openEncoder?.(wanted)) ??
    (await ImageEncoder.create(runtime, weights, { ...wanted, ...(prompts === undefined ? {} : { prompts }) }));
  const encode = async (images: LoadedImage[]): Promise<EncodedViews> => ({
    images,
    encoded: await encoder.encode(pixelValues(images, views, preprocess.imageSize)),
  });
  const task = progress.begin('measuring', samples.length, 'images');
  for await (const encoded of overlapped(grouped(loader.images(), imagesAtOnce), encode, encoder.lanes + 1)) {
    signal?.throwIfAborted();
    use(encoded);
    task.update(encoded.images[encoded.images.length - 1].index + 1);
  }
  task.end();
  return loader.broken;
}

/** @returns [images · views, 3, S, S] */
function pixelValues(images: readonly LoadedImage[], views: readonly View[], imageSize: number): Tensor {
  const out = tensor([images.length * views.length, 3, imageSize, imageSize]);
  const size = 3 * imageSize * imageSize;
  let at = 0;
  for (const image of images) for (const view of views) view(image, out.data.subarray(at, (at += size)));
  return out;
}

/** Lists of `count` items; the last may be shorter. */
async function* grouped<Item>(items: AsyncIterable<Item>, count: number): AsyncGenerator<Item[], void, undefined> {
  let group: Item[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < count) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** One view out of the rows of a batch: [outer, images · views, inner] gives [outer, images, inner]. */
export function rowsOfView(
  data: Float32Array,
  [outer, images, inner]: readonly [outer: number, images: number, inner: number],
  view: number,
  views: number,
): Float32Array {
  const out = new Float32Array(outer * images * inner);
  for (let row = 0; row < outer * images; row++) {
    const from = (row * views + view) * inner;
    out.set(data.subarray(from, from + inner), row * inner);
  }
  return out;
}
