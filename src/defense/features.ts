import { overlapped } from '../core/overlapped.js';
import type { ImageBatch, TrainingImages } from '../data/training-images.js';
import { lowerToOnnx } from '../graph/onnx/lower.js';
import { patchCount } from '../model/architecture.js';
import type { ClipWeights } from '../model/weights.js';
import type { Runtime, Session } from '../runtime/session.js';
import { padRows } from '../tensor/pad-rows.js';
import type { Tensor } from '../tensor/tensor.js';
import type { FeatureStore } from './feature-store.js';
import { frozenFeaturesGraph } from './prompt-tuning-graph.js';

interface FeatureBatch {
  readonly indices: readonly number[];
  readonly features: Readonly<Record<string, Tensor>>;
}

/** What a tuning step reads of one image: f^D and the unit σ of every layer, one after the other. */
export interface FeatureRow {
  /** (1 + M) · W numbers of f^D. */
  readonly stateSize: number;
  /** W */
  readonly width: number;
  /** L − D */
  readonly layers: number;
}

export function featureRow(weights: ClipWeights, depth: number): FeatureRow {
  const { vision } = weights.architecture;
  return {
    stateSize: (1 + patchCount(vision)) * vision.width,
    width: vision.width,
    layers: vision.layers - depth,
  };
}

export function rowSize({ stateSize, width, layers }: FeatureRow): number {
  return stateSize + layers * width;
}

/** Computes feature rows with the frozen model. */
export class FeatureExtractor implements AsyncDisposable {
  readonly #row: FeatureRow;
  readonly #batch: number;
  readonly #session: Session;

  private constructor(row: FeatureRow, batch: number, session: Session) {
    this.#row = row;
    this.#batch = batch;
    this.#session = session;
  }

  static async create(runtime: Runtime, weights: ClipWeights, depth: number, batch: number): Promise<FeatureExtractor> {
    const graph = frozenFeaturesGraph(weights, depth, batch);
    return new FeatureExtractor(
      featureRow(weights, depth),
      batch,
      await runtime.compile(lowerToOnnx(graph, runtime.provider), runtime.lanes),
    );
  }

  /**
   * Feature rows of images, batch after batch; the next batch is loaded while one is computed.
   */
  async *rows(
    images: TrainingImages,
    order: readonly number[],
    view: number,
  ): AsyncGenerator<{ readonly image: number; readonly row: Float32Array }> {
    const { stateSize, width, layers } = this.#row;
    const batches = images.load(order, view, this.#batch);
    const compute = async ({ pixelValues, indices }: ImageBatch): Promise<FeatureBatch> => ({
      indices,
      features: await this.#session.run({ pixel_values: padRows(pixelValues, this.#batch) }, ['pixel_values']),
    });
    const results = overlapped(batches, compute, this.#session.lanes + 1);
    for await (const { indices, features } of results) {
      const { state, sigma } = features; // [B, 1 + M, W], [L − D, B, W]
      for (const [i, image] of indices.entries()) {
        const row = new Float32Array(stateSize + layers * width);
        row.set(state.data.subarray(i * stateSize, (i + 1) * stateSize)); // f^D [1 + M, W]
        for (let layer = 0; layer < layers; layer++) {
          const from = (layer * this.#batch + i) * width;
          row.set(sigma.data.subarray(from, from + width), stateSize + layer * width); // σ^(D+1+layer) [W]
        }
        yield { image, row };
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}

/** Gives the feature rows of an epoch's images, in the epoch's order. */
export interface FeatureSource extends AsyncDisposable {
  epoch(epoch: number, order: readonly number[]): AsyncIterable<Float32Array>;
}

/** Features of `views` views an image, computed once. Epoch e takes view e mod `views`. */
export class CachedFeatures implements FeatureSource {
  readonly #store: FeatureStore;
  readonly #images: number;
  readonly #views: number;
  readonly #size: number;

  constructor(store: FeatureStore, row: FeatureRow, images: number, views: number) {
    this.#store = store;
    this.#images = images;
    this.#views = views;
    this.#size = rowSize(row);
  }

  /** Fills the store. @param onImage is told the number of views computed so far */
  async fill(extractor: FeatureExtractor, images: TrainingImages, onImage: (done: number) => void): Promise<void> {
    const order = images.labels.map((_, index) => index);
    let done = 0;
    for (let view = 0; view < this.#views; view++) {
      for await (const { image, row } of extractor.rows(images, order, view)) {
        await this.#store.write(view * this.#images + image, row);
        onImage(++done);
      }
    }
  }

  async *epoch(epoch: number, order: readonly number[]): AsyncGenerator<Float32Array> {
    const view = epoch % this.#views;
    for (const image of order) {
      const row = new Float32Array(this.#size);
      await this.#store.read(view * this.#images + image, row);
      yield row;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }
}

/** Features computed when they are needed: every epoch sees new views. */
export class RecomputedFeatures implements FeatureSource {
  readonly #extractor: FeatureExtractor;
  readonly #images: TrainingImages;

  constructor(extractor: FeatureExtractor, images: TrainingImages) {
    this.#extractor = extractor;
    this.#images = images;
  }

  async *epoch(epoch: number, order: readonly number[]): AsyncGenerator<Float32Array> {
    for await (const { row } of this.#extractor.rows(this.#images, order, epoch)) yield row;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#extractor[Symbol.asyncDispose]();
  }
}
