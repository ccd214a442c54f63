import { gradients } from '../graph/autodiff.js';
import { lowerToOnnx } from '../graph/onnx/lower.js';
import * as ops from '../graph/ops/index.js';
import { Graph } from '../graph/value.js';
import type { GraphOutputs } from '../model/clip-graphs.js';
import type { Runtime, Session } from '../runtime/session.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import { crossEntropy } from '../training/loss.js';

/** W [C, E] and b [C] of a linear classifier, or gradients by them. */
export interface LinearParameters {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** Embeddings with the class of each. */
export interface LabelledEmbeddings {
  /** [n, E] */
  readonly embeddings: Tensor;
  readonly labels: readonly number[];
}

/** Rows that go through the graph together: memory against calls. */
const ROWS_AT_ONCE = 4096;

/**
 * Cross-entropy of e Wᵀ + b, as the sum over rows weighted by `row_weights`, and its gradients.
 * Inputs: `embeddings` [B, E], `targets` [B, C], `row_weights` [B], `weight` [C, E], `bias` [C].
 * Outputs: `loss` [], `gradient.weight` [C, E], `gradient.bias` [C].
 */
function softmaxRegressionGraph(rows: number, width: number, classes: number): GraphOutputs {
  const graph = new Graph();
  const embeddings = graph.input('embeddings', [rows, width]);
  const weight = graph.input('weight', [classes, width]);
  const bias = graph.input('bias', [classes]);
  const logits = ops.add(ops.matMul(embeddings, weight, { transB: true }), bias); // [B, C]
  const losses = crossEntropy(logits, graph.input('targets', [rows, classes])); // [B]
  const loss = ops.reshape(ops.reduceSum(ops.mul(losses, graph.input('row_weights', [rows])), [0]), []);
  const [byWeight, byBias] = gradients(loss, [weight, bias]);
  return { loss, 'gradient.weight': byWeight, 'gradient.bias': byBias };
}

/** The loss of a linear classifier on fixed embeddings, compiled. */
export class SoftmaxRegression implements AsyncDisposable {
  readonly #session: Session;
  readonly #data: LabelledEmbeddings;
  readonly #classes: number;
  readonly #part: number;

  private constructor(session: Session, data: LabelledEmbeddings, classes: number, part: number) {
    this.#session = session;
    this.#data = data;
    this.#classes = classes;
    this.#part = part;
  }

  /** @param rows how many there are in a batch at most */
  static async create(
    runtime: Runtime,
    data: LabelledEmbeddings,
    classes: number,
    rows: number,
  ): Promise<SoftmaxRegression> {
    const part = Math.min(rows, ROWS_AT_ONCE);
    const graph = softmaxRegressionGraph(part, data.embeddings.shape[1], classes);
    const session = await runtime.compile(lowerToOnnx(graph, runtime.provider));
    return new SoftmaxRegression(session, data, classes, part);
  }

  /** Mean cross-entropy over some rows of the data, and its gradients. */
  async run(
    rows: readonly number[],
    { weight, bias }: LinearParameters,
  ): Promise<{ readonly loss: number; readonly gradient: LinearParameters }> {
    const gradient = { weight: tensor(weight.shape), bias: tensor(bias.shape) };
    let loss = 0;
    for (let start = 0; start < rows.length; start += this.#part) {
      const feeds = this.#feeds(rows.slice(start, start + this.#part), rows.length);
      const out = await this.#session.run({ ...feeds, weight, bias });
      loss += out['loss'].data[0];
      addTo(gradient.weight.data, out['gradient.weight'].data);
      addTo(gradient.bias.data, out['gradient.bias'].data);
    }
    return { loss, gradient };
  }

  /** Places beyond the rows have weight 0. */
  #feeds(rows: readonly number[], total: number): Record<string, Tensor> {
    const { embeddings: all, labels } = this.#data;
    const [, width] = all.shape;
    const embeddings = tensor([this.#part, width]);
    const targets = tensor([this.#part, this.#classes]);
    const rowWeights = tensor([this.#part]);
    rows.forEach((row, i) => {
      embeddings.data.set(all.data.subarray(row * width, (row + 1) * width), i * width);
      targets.data[i * this.#classes + labels[row]] = 1;
      rowWeights.data[i] = 1 / total;
    });
    return { embeddings, targets, row_weights: rowWeights };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}

function addTo(sum: Float32Array, term: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += term[i];
}
