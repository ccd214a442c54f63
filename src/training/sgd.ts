export interface SgdSettings {
  readonly momentum: number;
  /** λ of the penalty λ/2 ‖p‖², as a term of the gradient. */
  readonly weightDecay: number;
}

/**
 * Stochastic gradient descent with momentum, as PyTorch's `torch.optim.SGD` without dampening or Nesterov:
 * g ← g + λ p; v ← μ v + g; p ← p − η v. The velocities start at 0. Parameters change in place.
 */
export class Sgd {
  readonly #settings: SgdSettings;
  readonly #velocities = new Map<string, Float32Array>();

  constructor(settings: SgdSettings) {
    this.#settings = settings;
  }

  /** v, by parameter name: what a resumed run needs. */
  get velocities(): ReadonlyMap<string, Float32Array> {
    return this.#velocities;
  }

  restore(velocities: ReadonlyMap<string, Float32Array>): void {
    for (const [name, velocity] of velocities) this.#velocities.set(name, velocity.slice());
  }

  /** @throws RangeError when a gradient has another length than its parameter */
  update(name: string, parameter: Float32Array, gradient: Float32Array, learningRate: number): void {
    if (gradient.length !== parameter.length) {
      throw new RangeError(`sgd: ${name} has ${parameter.length} elements, its gradient ${gradient.length}`);
    }
    const velocity = this.#velocities.get(name) ?? new Float32Array(parameter.length);
    this.#velocities.set(name, velocity);
    const { momentum, weightDecay } = this.#settings;
    for (let i = 0; i < parameter.length; i++) {
      velocity[i] = momentum * velocity[i] + gradient[i] + weightDecay * parameter[i];
      parameter[i] -= learningRate * velocity[i];
    }
  }
}
