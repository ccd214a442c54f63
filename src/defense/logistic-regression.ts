import type { Runtime } from '../runtime/session.js';
import { tensor } from '../tensor/tensor.js';
import { lbfgs, type Evaluated, type LbfgsSettings } from '../training/lbfgs.js';
import { SoftmaxRegression, type LabelledEmbeddings, type LinearParameters } from './softmax-regression.js';

/** Relative error of a loss that is a sum in float32. */
const ROUNDING = 2 ** -20;

/** L2 logistic regression on rows of fixed embeddings. */
export class LogisticRegression implements AsyncDisposable {
  readonly #regression: SoftmaxRegression;
  readonly #data: LabelledEmbeddings;
  readonly #classes: number;
  readonly #limits: LbfgsSettings;

  private constructor(regression: SoftmaxRegression, data: LabelledEmbeddings, classes: number, limits: LbfgsSettings) {
    this.#regression = regression;
    this.#data = data;
    this.#classes = classes;
    this.#limits = limits;
  }

  static async create(
    runtime: Runtime,
    data: LabelledEmbeddings,
    classes: number,
    limits: LbfgsSettings,
  ): Promise<LogisticRegression> {
    const regression = await SoftmaxRegression.create(runtime, data, classes, data.labels.length);
    return new LogisticRegression(regression, data, classes, limits);
  }

  /**
   * Minimises C Σ CE + ½ ‖W‖², the bias free, as scikit-learn's LogisticRegression does; here divided by C n, so that
   * the tolerance is one of a mean.
   */
  async solve(
    rows: readonly number[],
    c: number,
    onStep?: (step: number, loss: number, head: () => LinearParameters) => Promise<void>,
  ): Promise<{ readonly head: LinearParameters; readonly iterations: number }> {
    const [, width] = this.#data.embeddings.shape;
    const weights = this.#classes * width;
    const decay = 1 / (c * rows.length);
    const headAt = (point: Float64Array): LinearParameters => ({
      weight: tensor([this.#classes, width], Float32Array.from(point.subarray(0, weights))),
      bias: tensor([this.#classes], Float32Array.from(point.subarray(weights))),
    });
    const evaluate = async (point: Float64Array): Promise<Evaluated> => {
      const { loss, gradient } = await this.#regression.run(rows, headAt(point));
      const out = { value: loss, gradient: new Float64Array(point.length) };
      out.gradient.set(gradient.weight.data);
      out.gradient.set(gradient.bias.data, weights);
      for (let i = 0; i < weights; i++) {
        out.value += (decay / 2) * point[i] ** 2;
        out.gradient[i] += decay * point[i];
      }
      return out;
    };
    const start = new Float64Array(weights + this.#classes);
    const { point, iterations } = await lbfgs(evaluate, start, { ...this.#limits, rounding: ROUNDING }, (step, at) => {
      return onStep?.(step, at.value, () => headAt(at.point)) ?? Promise.resolve();
    });
    return { head: headAt(point), iterations };
  }

  /** Share of rows whose own class has the largest logit. */
  accuracy(rows: readonly number[], { weight, bias }: LinearParameters): number {
    const { embeddings, labels } = this.#data;
    const [, width] = embeddings.shape;
    const right = rows.filter((row) => {
      const x = embeddings.data.subarray(row * width, (row + 1) * width);
      const logits = bias.data.map((offset, c) => {
        let sum = offset;
        for (let k = 0; k < width; k++) sum += weight.data[c * width + k] * x[k];
        return sum;
      });
      return logits.indexOf(Math.max(...logits)) === labels[row];
    });
    return right.length / rows.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#regression[Symbol.asyncDispose]();
  }
}
