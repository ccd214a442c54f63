import { lowerToOnnx } from '../graph/onnx/lower.js';
import type { GraphOutputs } from '../model/clip-graphs.js';
import type { ClipWeights } from '../model/weights.js';
import type { Feeds, Runtime, Session } from '../runtime/session.js';
import type { Tensor } from '../tensor/tensor.js';
import { AdamW, type AdamWSettings } from './adamw.js';
import { weightGradientName } from './step-outputs.js';

/** The temperature is kept between 1 and 1 / 100, as CLIP's training does. */
const LARGEST_LOGIT_SCALE = Math.log(100);

export interface WeightSettings extends AdamWSettings {
  readonly weightDecay: number;
  /** What decays: `all` weights, or `matrices` only, which leaves out gains, biases and the logit scale. */
  readonly decay: 'all' | 'matrices';
  /** Gradients of a larger norm over all weights are scaled down to it; undefined: never. */
  readonly clipNorm?: number;
}

/** A step's program: it reads every trained tensor under its name and gives what `stepOutputs` names. */
export interface StepProgram {
  /** Programs of one trainer with the same key are the same; each is compiled once. */
  readonly key: string;
  build(): GraphOutputs;
}

export interface WeightStep {
  /** Before the step, as the terms are. */
  readonly loss: number;
  /** The program's other scalars, by name. */
  readonly terms: Readonly<Record<string, number>>;
  /** Euclidean norm of the gradient over all trained tensors, before any clipping. */
  readonly gradientNorm: number;
}

/** Tensors that train by AdamW on the gradients of compiled programs. */
export class WeightTrainer implements AsyncDisposable {
  readonly #runtime: Runtime;
  readonly #settings: WeightSettings;
  readonly #sessions = new Map<string, Session>();
  /** As they are now, by name; later steps change them in place. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly optimiser: AdamW;

  /** @param tensors taken over, not copied */
  constructor(runtime: Runtime, tensors: ReadonlyMap<string, Tensor>, settings: WeightSettings) {
    this.#runtime = runtime;
    this.#settings = settings;
    this.tensors = tensors;
    this.optimiser = new AdamW(settings);
  }

  /** One optimiser step. @param feeds what the program reads beside the trained tensors */
  async step(program: StepProgram, feeds: Feeds, learningRate: number): Promise<WeightStep> {
    const session = await this.#session(program);
    const out = await session.run({ ...Object.fromEntries(this.tensors), ...feeds });
    const gradients = new Map<string, Float32Array>();
    const terms: Record<string, number> = {};
    for (const name of this.tensors.keys()) gradients.set(name, out[weightGradientName(name)].data);
    for (const [name, { shape, data }] of Object.entries(out)) {
      if (shape.length === 0 && name !== 'loss' && !this.#isGradient(name)) terms[name] = data[0];
    }
    return { loss: out['loss'].data[0], terms, gradientNorm: this.#apply(gradients, learningRate) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.values()) await session[Symbol.asyncDispose]();
    this.#sessions.clear();
  }

  #isGradient(output: string): boolean {
    return output.startsWith(weightGradientName(''));
  }

  /** @returns the norm of the gradient as it came */
  #apply(gradients: ReadonlyMap<string, Float32Array>, learningRate: number): number {
    const { clipNorm, weightDecay, decay } = this.#settings;
    let squares = 0;
    for (const gradient of gradients.values()) for (const g of gradient) squares += g * g;
    const norm = Math.sqrt(squares);
    const factor = clipNorm !== undefined && norm > clipNorm ? clipNorm / norm : 1;
    for (const [name, { shape, data }] of this.tensors) {
      const gradient = gradients.get(name) ?? new Float32Array(data.length);
      if (factor !== 1) for (let i = 0; i < gradient.length; i++) gradient[i] *= factor;
      const decays = decay === 'all' || shape.length > 1;
      this.optimiser.update(name, data, gradient, learningRate, decays ? weightDecay : 0);
    }
    const scale = this.tensors.get('logit_scale');
    if (scale !== undefined) scale.data[0] = Math.min(LARGEST_LOGIT_SCALE, Math.max(0, scale.data[0]));
    return norm;
  }

  async #session(program: StepProgram): Promise<Session> {
    const known = this.#sessions.get(program.key);
    if (known !== undefined) return known;
    const session = await this.#runtime.compile(lowerToOnnx(program.build(), this.#runtime.provider), 1);
    this.#sessions.set(program.key, session);
    return session;
  }
}

/** Copies of the weights that are to train. */
export async function copyWeights(
  weights: ClipWeights,
  trains: (name: string) => boolean,
): Promise<Map<string, Tensor>> {
  const copy = new Map<string, Tensor>();
  for (const [name, shape] of weights.shapes) {
    if (trains(name)) copy.set(name, { shape, data: (await weights.read(name)).slice() });
  }
  return copy;
}

/** `source` with some of its weights trained; reading copies, so that a later step does not reach what was read. */
export function trainedWeights(source: ClipWeights, tensors: ReadonlyMap<string, Tensor>): ClipWeights {
  return {
    architecture: source.architecture,
    shapes: source.shapes,
    read: (name) => {
      const trained = source.shapes.has(name) ? tensors.get(name) : undefined;
      return trained === undefined ? source.read(name) : Promise.resolve(trained.data.slice());
    },
  };
}
