import { overlapped } from '../core/overlapped.js';
import { lowerToOnnx } from '../graph/onnx/lower.js';
import type { VisualPrompts } from '../inference/fold-prompts.js';
import type { TextFeatures } from '../model/clip-graphs.js';
import type { ClipWeights } from '../model/weights.js';
import type { Runtime, Session } from '../runtime/session.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import { featureRow, type FeatureRow } from './features.js';
import {
  gradientName,
  promptName,
  tuningStepGraph,
  type ObjectiveSettings,
  type PromptShape,
} from './prompt-tuning-graph.js';

export interface StepLosses {
  readonly loss: number;
  readonly ce: number;
  readonly fr: number;
}

export interface LabelledFeatures {
  readonly row: Float32Array;
  readonly label: number;
}

/** The compiled loss and gradients; a batch may be larger than what runs at once, it then comes in parts. */
export class TuningStep implements AsyncDisposable {
  readonly #session: Session;
  readonly #row: FeatureRow;
  readonly #classes: number;
  /** Images that run at once. */
  readonly #part: number;

  private constructor(session: Session, row: FeatureRow, classes: number, part: number) {
    this.#session = session;
    this.#row = row;
    this.#classes = classes;
    this.#part = part;
  }

  static async create(
    runtime: Runtime,
    weights: ClipWeights,
    prompts: PromptShape,
    objective: ObjectiveSettings,
    textFeatures: TextFeatures,
    part: number,
  ): Promise<TuningStep> {
    const graph = tuningStepGraph(weights, prompts, objective, textFeatures, part);
    const session = await runtime.compile(lowerToOnnx(graph, runtime.provider), runtime.lanes);
    return new TuningStep(session, featureRow(weights, prompts.depth), textFeatures.shape[0], part);
  }

  /** Mean losses over the batch, and their gradients by prompt block. */
  async run(
    batch: readonly LabelledFeatures[],
    prompts: VisualPrompts,
  ): Promise<StepLosses & { readonly gradients: ReadonlyMap<number, Float32Array> }> {
    const sums = { loss: 0, ce: 0, fr: 0 };
    const gradients = new Map<number, Float32Array>();
    const named = Object.fromEntries([...prompts].map(([d, prompt]) => [promptName(d), prompt]));
    const starts = Array.from({ length: Math.ceil(batch.length / this.#part) }, (_, i) => i * this.#part);
    const runPart = (start: number): ReturnType<Session['run']> =>
      this.#session.run({ ...this.#feeds(batch.slice(start, start + this.#part), batch.length), ...named });
    // parts run side by side and are summed in their order, so that the sum is the same every time
    for await (const out of overlapped(starts, runPart, this.#session.lanes)) {
      for (const key of ['loss', 'ce', 'fr'] as const) sums[key] += out[key].data[0];
      for (const d of prompts.keys()) {
        const gradient = out[gradientName(d)].data;
        const sum = gradients.get(d);
        if (sum === undefined) gradients.set(d, gradient);
        else for (let i = 0; i < sum.length; i++) sum[i] += gradient[i];
      }
    }
    return { ...sums, gradients };
  }

  #feeds(part: readonly LabelledFeatures[], batchLength: number): Record<string, Tensor> {
    const { stateSize, width, layers } = this.#row;
    const count = this.#part;
    const state = tensor([count, stateSize / width, width]); // [B, 1 + M, W]
    const sigma = tensor([layers, count, width]); // [L − D, B, W]
    const targets = tensor([count, this.#classes]); // [B, C]
    const weights = tensor([count]); // [B]
    // places beyond the part keep weight 0; one number that is not 0 keeps their cosines free of 0 / 0
    for (let i = 0; i < count; i++) {
      if (i >= part.length) {
        state.data[i * stateSize] = 1;
        continue;
      }
      const { row, label } = part[i];
      state.data.set(row.subarray(0, stateSize), i * stateSize);
      for (let layer = 0; layer < layers; layer++) {
        const from = stateSize + layer * width;
        sigma.data.set(row.subarray(from, from + width), (layer * count + i) * width);
      }
      targets.data[i * this.#classes + label] = 1;
      weights.data[i] = 1 / batchLength;
    }
    return { state, sigma, targets, weights };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}
