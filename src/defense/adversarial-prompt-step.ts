import { overlapped } from '../core/overlapped.js';
import type { Preprocess } from '../data/preprocess.js';
import { lowerToOnnx } from '../graph/onnx/lower.js';
import type { VisualPrompts } from '../inference/fold-prompts.js';
import type { TextFeatures } from '../model/clip-graphs.js';
import type { ClipWeights } from '../model/weights.js';
import type { Runtime, Session } from '../runtime/session.js';
import type { Random } from '../tensor/random.js';
import { padRows } from '../tensor/pad-rows.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import { projectedGradientDescent, type PgdSettings } from '../training/pgd.js';
import { adversarialPromptGraphs } from './adversarial-prompt-graph.js';
import { gradientName, promptName, type PromptShape } from './prompt-tuning-graph.js';

/** Images in [0, 1] with the class of each. */
export interface LabelledPixels {
  /** [n, 3, S, S] */
  readonly pixels: Tensor;
  /** [n] */
  readonly labels: readonly number[];
}

/** Attack and gradients, compiled; a batch may be larger than what runs at once, it then comes in parts. */
export class AdversarialPromptStep implements AsyncDisposable {
  readonly #attack: Session;
  readonly #tuning: Session;
  readonly #classes: number;
  /** Images that run at once. */
  readonly #part: number;

  private constructor(attack: Session, tuning: Session, classes: number, part: number) {
    this.#attack = attack;
    this.#tuning = tuning;
    this.#classes = classes;
    this.#part = part;
  }

  static async create(
    runtime: Runtime,
    weights: ClipWeights,
    preprocess: Preprocess,
    prompts: PromptShape,
    textFeatures: TextFeatures,
    part: number,
  ): Promise<AdversarialPromptStep> {
    const { attack, tuning } = adversarialPromptGraphs(weights, preprocess, prompts, textFeatures, part);
    const attacking = await runtime.compile(lowerToOnnx(attack, runtime.provider), runtime.lanes);
    const updating = await runtime.compile(lowerToOnnx(tuning, runtime.provider), runtime.lanes);
    return new AdversarialPromptStep(attacking, updating, textFeatures.shape[0], part);
  }

  /**
   * Images on which the model with these prompts errs more.
   * @param randoms one for each image, for the start
   */
  async perturb(
    { pixels, labels }: LabelledPixels,
    prompts: VisualPrompts,
    pgd: PgdSettings,
    randoms: readonly Random[],
  ): Promise<LabelledPixels> {
    const out = tensor(pixels.shape);
    const size = out.data.length / labels.length;
    const attackPart = async (start: number): Promise<Tensor> => {
      const part = partOf({ pixels, labels }, start, this.#part);
      const feeds = this.#feeds(part, labels.length, prompts);
      const gradientOf = async (at: Tensor): Promise<Tensor> =>
        (await this.#attack.run({ ...feeds, pixels: padRows(at, this.#part) }))['gradient'];
      return projectedGradientDescent(gradientOf, part.pixels, pgd, randoms.slice(start, start + this.#part));
    };
    let at = 0;
    for await (const moved of overlapped(this.#starts(labels.length), attackPart, this.#attack.lanes)) {
      out.data.set(moved.data, at * size);
      at += moved.shape[0];
    }
    return { pixels: out, labels };
  }

  /** Mean loss over the batch, and its gradients by prompt block. */
  async run(
    batch: LabelledPixels,
    prompts: VisualPrompts,
  ): Promise<{ readonly loss: number; readonly gradients: ReadonlyMap<number, Float32Array> }> {
    const gradients = new Map([...prompts].map(([d, { data }]) => [d, new Float32Array(data.length)]));
    const runPart = (start: number): ReturnType<Session['run']> =>
      this.#tuning.run(this.#feeds(partOf(batch, start, this.#part), batch.labels.length, prompts));
    let loss = 0;
    // parts run side by side and are summed in their order, so that the sum is the same every time
    for await (const out of overlapped(this.#starts(batch.labels.length), runPart, this.#tuning.lanes)) {
      loss += out['loss'].data[0];
      for (const [d, sum] of gradients) {
        const { data } = out[gradientName(d)];
        for (let i = 0; i < sum.length; i++) sum[i] += data[i];
      }
    }
    return { loss, gradients };
  }

  #starts(count: number): number[] {
    return Array.from({ length: Math.ceil(count / this.#part) }, (_, i) => i * this.#part);
  }

  /** Places beyond the part have weight 0. */
  #feeds({ pixels, labels }: LabelledPixels, batchLength: number, prompts: VisualPrompts): Record<string, Tensor> {
    const targets = tensor([this.#part, this.#classes]);
    const weights = tensor([this.#part]);
    labels.forEach((label, i) => {
      targets.data[i * this.#classes + label] = 1;
      weights.data[i] = 1 / batchLength;
    });
    const named = Object.fromEntries([...prompts].map(([d, prompt]) => [promptName(d), prompt]));
    return { pixels: padRows(pixels, this.#part), targets, weights, ...named };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#attack[Symbol.asyncDispose]();
    await this.#tuning[Symbol.asyncDispose]();
  }
}

function partOf({ pixels, labels }: LabelledPixels, start: number, count: number): LabelledPixels {
  const [total, ...image] = pixels.shape;
  const size = pixels.data.length / total;
  const end = Math.min(start + count, total);
  return {
    pixels: tensor([end - start, ...image], pixels.data.slice(start * size, end * size)),
    labels: labels.slice(start, end),
  };
}
