export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** PyTorch's. */
export const adamDefaults: AdamWSettings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
  steps: number;
}

/** The state of one parameter between steps. */
export interface AdamWState {
  /** m: decaying mean of the gradients. */
  readonly first: Float32Array;
  /** v: decaying mean of their squares. */
  readonly second: Float32Array;
  /** t: steps taken. */
  readonly steps: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), as PyTorch's `torch.optim.AdamW`:
 * p ← p − η λ p; m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²;
 * p ← p − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε). With λ = 0 it is Adam. Parameters change in place.
 */
export class AdamW {
  readonly #settings: AdamWSettings;
  readonly #moments = new Map<string, Moments>();

  constructor(settings: AdamWSettings) {
    this.#settings = settings;
  }

  /** By parameter name: what a resumed run needs. */
  get state(): ReadonlyMap<string, AdamWState> {
    return this.#moments;
  }

  restore(state: ReadonlyMap<string, AdamWState>): void {
    for (const [name, { first, second, steps }] of state) {
      this.#moments.set(name, { first: first.slice(), second: second.slice(), steps });
    }
  }

  /**
   * @param weightDecay λ
   * @throws RangeError when a gradient has another length than its parameter
   */
  update(
    name: string,
    parameter: Float32Array,
    gradient: Float32Array,
    learningRate: number,
    weightDecay: number,
  ): void {
    if (gradient.length !== parameter.length) {
      throw new RangeError(`adamw: ${name} has ${parameter.length} elements, its gradient ${gradient.length}`);
    }
    const moments = this.#moments.get(name) ?? {
      first: new Float32Array(parameter.length),
      second: new Float32Array(parameter.length),
      steps: 0,
    };
    this.#moments.set(name, moments);
    moments.steps += 1;
    const { beta1, beta2, epsilon } = this.#settings;
    const { first, second, steps } = moments;
    const rate = learningRate / (1 - beta1 ** steps);
    const secondScale = 1 / (1 - beta2 ** steps);
    const keep = 1 - learningRate * weightDecay;
    for (let i = 0; i < parameter.length; i++) {
      const g = gradient[i];
      const m = beta1 * first[i] + (1 - beta1) * g;
      const v = beta2 * second[i] + (1 - beta2) * g * g;
      first[i] = m;
      second[i] = v;
      parameter[i] = keep * parameter[i] - (rate * m) / (Math.sqrt(v * secondScale) + epsilon);
    }
  }
}
