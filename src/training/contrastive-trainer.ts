import type { VisionArchitecture } from '../model/architecture.js';
import { endOfTextMask } from '../model/end-of-text.js';
import type { Tokenizer } from '../model/tokenizer.js';
import type { ClipWeights } from '../model/weights.js';
import type { Feeds, Runtime } from '../runtime/session.js';
import { sizeOf } from '../tensor/shape.js';
import { tensor, type IntTensor, type Tensor } from '../tensor/tensor.js';
import type { AdamW } from './adamw.js';
import { clipObjective, contrastiveGraph, type PairObjective } from './contrastive-graph.js';
import { copyWeights, trainedWeights, WeightTrainer, type WeightSettings, type WeightStep } from './weight-trainer.js';

/** Texts are cut behind the last end token of a batch, at a multiple of this: few lengths, so few graphs. */
const TOKEN_STEP = 4;

export interface ContrastiveBatch {
  /** Normalised pixel values [B, 3, S, S]. */
  readonly pixels: Tensor;
  /** One an image. */
  readonly captions: readonly string[];
  /** For each image the numbers of the patches it keeps, all equally many; undefined: all patches. */
  readonly patches?: readonly (readonly number[])[];
}

/** Trains both towers of a CLIP on batches of pairs by AdamW: for CLIP's own objective, or another. */
export class ContrastiveTrainer implements AsyncDisposable {
  readonly #source: ClipWeights;
  readonly #tokenizer: Tokenizer;
  readonly #objective: PairObjective;
  readonly #trainer: WeightTrainer;

  private constructor(source: ClipWeights, tokenizer: Tokenizer, objective: PairObjective, trainer: WeightTrainer) {
    this.#source = source;
    this.#tokenizer = tokenizer;
    this.#objective = objective;
    this.#trainer = trainer;
  }

  /** Starts from a copy of `weights`. */
  static async create(
    runtime: Runtime,
    weights: ClipWeights,
    tokenizer: Tokenizer,
    settings: WeightSettings,
    objective: PairObjective = clipObjective,
  ): Promise<ContrastiveTrainer> {
    const tensors = await copyWeights(weights, (name) => objective.temperature === 'trained' || name !== 'logit_scale');
    return new ContrastiveTrainer(weights, tokenizer, objective, new WeightTrainer(runtime, tensors, settings));
  }

  /** The weights that train as they are now, by canonical name; later steps change them in place. */
  get tensors(): ReadonlyMap<string, Tensor> {
    return this.#trainer.tensors;
  }

  get optimiser(): AdamW {
    return this.#trainer.optimiser;
  }

  /** All weights as a model; reading copies, so a later step does not reach what was read. */
  weights(): ClipWeights {
    return trainedWeights(this.#source, this.tensors);
  }

  /** One optimiser step. @returns the loss before it. */
  step({ pixels, captions, patches }: ContrastiveBatch, learningRate: number): Promise<WeightStep> {
    const { vision } = this.#source.architecture;
    const { ids, endOfText } = this.#encode(captions);
    const [batch, tokens] = ids.shape;
    const kept = patches?.[0].length;
    const shape = { batch, tokens, ...(kept === undefined ? {} : { patches: kept }) };
    const program = {
      key: `${batch} ${tokens} ${kept ?? 'all'}`,
      build: () => contrastiveGraph(this.#source, shape, this.#objective),
    };
    const images = patches === undefined ? { pixel_values: pixels } : keptPatches(pixels, patches, vision);
    return this.#trainer.step(program, { input_ids: ids, end_of_text: endOfText, ...images }, learningRate);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#trainer[Symbol.asyncDispose]();
  }

  /** Ids [B, T] and the mask of their end tokens [B, 1, T], cut behind the last of these. */
  #encode(captions: readonly string[]): { ids: IntTensor; endOfText: Tensor } {
    const encoded = this.#tokenizer.encode(captions);
    const mask = endOfTextMask(encoded, this.#source.architecture.text);
    const [count, context] = encoded.shape;
    const tokens = tokensUsed(mask);
    const ids = new BigInt64Array(count * tokens);
    const endOfText = tensor([count, 1, tokens]);
    for (let i = 0; i < count; i++) {
      ids.set(encoded.data.subarray(i * context, i * context + tokens), i * tokens);
      endOfText.data.set(mask.data.subarray(i * context, i * context + tokens), i * tokens);
    }
    return { ids: { shape: [count, tokens], data: ids }, endOfText };
  }
}

/** Token places that a step gives texts, in steps up to the last end token. @param endOfText mask [B, 1, context] */
export function tokensUsed({ shape: [, , context], data }: Tensor): number {
  const used = 1 + data.reduce((last, mark, at) => (mark === 1 ? Math.max(last, at % context) : last), 0);
  return Math.min(context, Math.ceil(used / TOKEN_STEP) * TOKEN_STEP);
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
