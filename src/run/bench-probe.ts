import { lowerToOnnx } from '../graph/onnx/lower.js';
import * as ops from '../graph/ops/index.js';
import { Graph } from '../graph/value.js';
import type { Runtime, Session } from '../runtime/session.js';
import { Random } from '../tensor/random.js';
import { tensor, type Tensor } from '../tensor/tensor.js';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

const MATMUL = { m: 1600, k: 768, n: 3072, runs: 40 } as const;

/** @param values at least one */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1] };
}

/** Seconds that `work` takes on the clock. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Numbers between -1 and 1. */
export function uniformTensor(random: Random, shape: readonly number[]): Tensor {
  const out = tensor(shape);
  for (let i = 0; i < out.data.length; i++) out.data[i] = 2 * random.uniform() - 1;
  return out;
}

/** A bare MatMul on the runtime, with a constant right side as in a model: what the rates are held against. */
export class MatMulProbe implements AsyncDisposable {
  readonly #session: Session;
  readonly #x: Tensor;

  private constructor(session: Session, x: Tensor) {
    this.#session = session;
    this.#x = x;
  }

  static async create(runtime: Runtime, seed: number): Promise<MatMulProbe> {
    const { m, k, n } = MATMUL;
    const random = Random.stream(seed, 'matmul');
    const graph = new Graph();
    const weight = graph.constant('weight', [k, n], uniformTensor(random, [k, n]).data);
    const product = ops.matMul(graph.input('x', [m, k]), weight);
    // one number comes back, not the product: its copy between threads is no part of a MatMul
    const outputs = { corner: ops.slice(ops.slice(product, 0, 0, 1), 1, 0, 1) };
    const session = await runtime.compile(lowerToOnnx(outputs, runtime.provider));
    const probe = new MatMulProbe(session, uniformTensor(random, [m, k]));
    await probe.gflops();
    return probe;
  }

  /** Rate over about as long as a tuning step takes, so that both are slowed by the same neighbours. */
  async gflops(): Promise<number> {
    const { m, k, n, runs } = MATMUL;
    const seconds = await secondsOf(async () => {
      for (let i = 0; i < runs; i++) await this.#session.run({ x: this.#x });
    });
    return (runs * 2 * m * k * n) / seconds / 1e9;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}
