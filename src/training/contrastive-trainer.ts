import { lowerToOnnx } from '../graph/onnx/lower.js';
import type { VisionArchitecture } from '../model/architecture.js';
import { endOfTextMask } from '../model/end-of-text.js';
import type { Tokenizer } from '../model/tokenizer.js';
import { noSuchTensor, type ClipWeights } from '../model/weights.js';
import type { Feeds, Runtime, Session } from '../runtime/session.js';
import { sizeOf } from '../tensor/shape.js';
import { tensor, type IntTensor, type Tensor } from '../tensor/tensor.js';
import { AdamW, type AdamWSettings } from './adamw.js';
import { contrastiveGraph, weightGradientName } from './contrastive-graph.js';

/** The temperature is kept between 1 and 1 / 100, as CLIP's training does. */
const LARGEST_LOGIT_SCALE = Math.log(100);

/** Texts are cut behind the last end token of a batch, at a multiple of this: few lengths, so few graphs. */
const TOKEN_STEP = 4;

export interface ContrastiveSettings extends AdamWSettings {
  readonly weightDecay: number;
  /** What decays: `all` weights, or `matrices` only, which leaves out gains, biases and the logit scale. */
  readonly decay: 'all' | 'matrices';
  /** Gradients of a larger norm over all weights are scaled down to it; undefined: never. */
  readonly clipNorm?: number;
}

export interface ContrastiveBatch {
  /** Normalised pixel values [B, 3, S, S]. */
  readonly pixels: Tensor;
  /** One an image. */
  readonly captions: readonly string[];
  /** For each image the numbers of the patches it keeps, all equally many; undefined: all patches. */
  readonly patches?: readonly (readonly number[])[];
}

export interface ContrastiveStep {
  readonly loss: number;
  /** Euclidean norm of the gradient over all weights, before any clipping. */
  readonly gradientNorm: number;
}

/** Contrastive training of a whole CLIP, both towers and the temperature, by AdamW. */
export class ContrastiveTrainer implements AsyncDisposable {
  readonly #runtime: Runtime;
  readonly #source: ClipWeights;
  readonly #weights: ReadonlyMap<string, Float32Array>;
  readonly #tokenizer: Tokenizer;
  readonly #settings: ContrastiveSettings;
  readonly #sessions = new Map<string, Session>();
  readonly optimiser: AdamW;

  private constructor(
    runtime: Runtime,
    source: ClipWeights,
    weights: ReadonlyMap<string, Float32Array>,
    tokenizer: Tokenizer,
    settings: ContrastiveSettings,
  ) {
    this.#runtime = runtime;
    this.#source = source;
    this.#weights = weights;
    this.#tokenizer = tokenizer;
    this.#settings = settings;
    this.optimiser = new AdamW(settings);
  }

  /** Starts from a copy of `weights`. */
  static async create(
    runtime: Runtime,
    weights: ClipWeights,
    tokenizer: Tokenizer,
    settings: ContrastiveSettings,
  ): Promise<ContrastiveTrainer> {
    const copy = new Map<string, Float32Array>();
    for (const name of weights.shapes.keys()) copy.set(name, (await weights.read(name)).slice());
    return new ContrastiveTrainer(runtime, weights, copy, tokenizer, settings);
  }

  /** The weights as they are now, by canonical name; later steps change them in place. */
  get tensors(): ReadonlyMap<string, Float32Array> {
    return this.#weights;
  }

  /** The weights as a model; reading copies, so a later step does not reach what was read. */
  weights(): ClipWeights {
    const { architecture, shapes } = this.#source;
    return {
      architecture,
      shapes,
      read: (name) => {
        const values = this.#weights.get(name);
        return values === undefined ? Promise.reject(noSuchTensor(name)) : Promise.resolve(values.slice());
      },
    };
  }

  /** One optimiser step. @returns the loss before it. */
  async step(batch: ContrastiveBatch, learningRate: number): Promise<ContrastiveStep> {
    const { architecture } = this.#source;
    const text = this.#encode(batch.captions);
    const kept = batch.patches?.[0].length;
    const session = await this.#session(batch.captions.length, text.ids.shape[1], kept);
    const weightFeeds: Record<string, Tensor> = {};
    for (const [name, shape] of this.#source.shapes) weightFeeds[name] = { shape, data: this.#tensor(name) };
    const out = await session.run({
      ...weightFeeds,
      input_ids: text.ids,
      end_of_text: text.endOfText,
      ...(batch.patches === undefined
        ? { pixel_values: batch.pixels }
        : keptPatches(batch.pixels, batch.patches, architecture.vision)),
    });
    const gradients = new Map<string, Float32Array>();
    for (const name of this.#weights.keys()) gradients.set(name, out[weightGradientName(name)].data);
    const gradientNorm = this.#apply(gradients, learningRate);
    return { loss: out['loss'].data[0], gradientNorm };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.values()) await session[Symbol.asyncDispose]();
    this.#sessions.clear();
  }

  #tensor(name: string): Float32Array {
    const values = this.#weights.get(name);
    if (values === undefined) throw noSuchTensor(name);
    return values;
  }

  /** @returns the norm of the gradient as it came */
  #apply(gradients: ReadonlyMap<string, Float32Array>, learningRate: number): number {
    const { clipNorm, weightDecay, decay } = this.#settings;
    let squares = 0;
    for (const gradient of gradients.values()) for (const g of gradient) squares += g * g;
    const norm = Math.sqrt(squares);
    const factor = clipNorm !== undefined && norm > clipNorm ? clipNorm / norm : 1;
    for (const [name, gradient] of gradients) {
      if (factor !== 1) for (let i = 0; i < gradient.length; i++) gradient[i] *= factor;
      const decays = decay === 'all' || (this.#source.shapes.get(name) ?? []).length > 1;
      this.optimiser.update(name, this.#tensor(name), gradient, learningRate, decays ? weightDecay : 0);
    }
    const scale = this.#tensor('logit_scale');
    scale[0] = Math.min(LARGEST_LOGIT_SCALE, Math.max(0, scale[0]));
    return norm;
  }

  /** Ids [B, T] and the mask of their end tokens [B, 1, T], cut behind the last of these. */
  #encode(captions: readonly string[]): { ids: IntTensor; endOfText: Tensor } {
    const encoded = this.#tokenizer.encode(captions);
    const mask = endOfTextMask(encoded, this.#source.architecture.text);
    const [count, context] = encoded.shape;
    const used = 1 + mask.data.reduce((last, mark, at) => (mark === 1 ? Math.max(last, at % context) : last), 0);
    const tokens = Math.min(context, Math.ceil(used / TOKEN_STEP) * TOKEN_STEP);
    const ids = new BigInt64Array(count * tokens);
    const endOfText = tensor([count, 1, tokens]);
    for (let i = 0; i < count; i++) {
      ids.set(encoded.data.subarray(i * context, i * context + tokens), i * tokens);
      endOfText.data.set(mask.data.subarray(i * context, i * context + tokens), i * tokens);
    }
    return { ids: { shape: [count, tokens], data: ids }, endOfText };
  }

  async #session(batch: number, tokens: number, patches: number | undefined): Promise<Session> {
    const key = `${batch} ${tokens} ${patches ?? 'all'}`;
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const shape = { batch, tokens, ...(patches === undefined ? {} : { patches }) };
    const graph = contrastiveGraph(this.#source.architecture, shape);
    const session = await this.#runtime.compile(lowerToOnnx(graph, this.#runtime.provider), 1);
    this.#sessions.set(key, session);
    return session;
  }
}

/** The kept patches of each image, cut on the host, and their rows of the position table. */
function keptPatches(
  { shape: [batch, , side], data }: Tensor,
  kept: readonly (readonly number[])[],
  { imageSize, patchSize: p }: VisionArchitecture,
): Feeds {
  const across = Math.floor(imageSize / p);
  const count = kept[0].length;
  const patches = tensor([batch, count, 3 * p * p]);
  const places = new BigInt64Array(sizeOf([batch, 1 + count])); // 0, the class token's row, stands first
  for (let image = 0, at = 0; image < batch; image++) {
    kept[image].forEach((patch, k) => {
      places[image * (1 + count) + 1 + k] = BigInt(1 + patch);
      const [top, left] = [Math.floor(patch / across) * p, (patch % across) * p];
      for (let channel = 0; channel < 3; channel++) {
        for (let y = 0; y < p; y++, at += p) {
          const from = ((image * 3 + channel) * side + top + y) * side + left;
          patches.data.set(data.subarray(from, from + p), at);
        }
      }
    });
  }
  return { patches, places: { shape: [batch, 1 + count], data: places } };
}
