import { lowerToOnnx } from '../graph/onnx/lower.js';
import { imageGraph, type ImageGraphOptions } from '../model/clip-graphs.js';
import type { ClipWeights } from '../model/weights.js';
import type { Runtime, Session } from '../runtime/session.js';
import { sizeOf } from '../tensor/shape.js';
import { padRows } from '../tensor/pad-rows.js';
import { tensor, type Tensor } from '../tensor/tensor.js';

/** What the vision tower says of n images; beside embeddings, what was asked for. */
export interface EncodedImages {
  /** [n, E], not normalised. */
  readonly embeddings: Tensor;
  /** [n, C] */
  readonly logits?: Tensor;
  /** [L + 1, n, W], c^0 first. */
  readonly classTokens?: Tensor;
  /** [n, M], see `ImageGraphOptions`. */
  readonly attention?: Tensor;
}

/** Entries 0 … count − 1 along an axis. */
function head({ shape, data }: Tensor, axis: number, count: number): Tensor {
  if (shape[axis] === count) return { shape, data };
  const inner = sizeOf(shape.slice(axis + 1));
  const out = tensor(shape.map((length, i) => (i === axis ? count : length)));
  for (let outer = 0; outer < sizeOf(shape.slice(0, axis)); outer++) {
    const from = outer * shape[axis] * inner;
    out.data.set(data.subarray(from, from + count * inner), outer * count * inner);
  }
  return out;
}

/** Says of images what `ImageGraphOptions` asks for. Dispose of it when done. */
export interface Encoder extends AsyncDisposable {
  /** How many batches may be encoded side by side. */
  readonly lanes: number;
  /** @param pixelValues normalised, [n, 3, S, S]; its memory may be empty afterwards */
  encode(pixelValues: Tensor): Promise<EncodedImages>;
}

/** The vision tower, compiled for batches of one size. */
export class ImageEncoder implements Encoder {
  readonly batch: number;
  readonly #session: Session;

  private constructor(batch: number, session: Session) {
    this.batch = batch;
    this.#session = session;
  }

  get lanes(): number {
    return this.#session.lanes;
  }

  static async create(runtime: Runtime, weights: ClipWeights, options: ImageGraphOptions): Promise<ImageEncoder> {
    const session = await runtime.compile(lowerToOnnx(imageGraph(weights, options), runtime.provider), runtime.lanes);
    return new ImageEncoder(options.batch, session);
  }

  /**
   * @param pixelValues normalised, [n, 3, S, S] with n ≤ `batch`; fewer are filled up with zeros and cut off again. A
   * full batch is handed over: its memory is empty afterwards
   * @throws RangeError when there are more
   */
  async encode(pixelValues: Tensor): Promise<EncodedImages> {
    const [count] = pixelValues.shape;
    if (count > this.batch) throw new RangeError(`image encoder: ${count} images for a batch of ${this.batch}`);
    const out = await this.#session.run({ pixel_values: padRows(pixelValues, this.batch) }, ['pixel_values']);
    return {
      embeddings: head(out['image_embeds'], 0, count),
      ...('logits' in out ? { logits: head(out['logits'], 0, count) } : {}),
      ...('class_tokens' in out ? { classTokens: head(out['class_tokens'], 1, count) } : {}),
      ...('attention' in out ? { attention: head(out['attention'], 0, count) } : {}),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}
