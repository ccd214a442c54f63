import { availableParallelism } from 'node:os';
import * as ort from 'onnxruntime-node';

import { InputError, messageOf } from '../core/errors.js';
import type { OnnxProgram } from '../graph/onnx/lower.js';
import { serializeOnnx } from '../graph/onnx/serialize.js';
import type { Feeds, Runtime, Session } from '../runtime/session.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** Execution providers of onnxruntime that may be asked for, and whose kernels each lowers for. */
const devices = { cpu: 'cpu', webgpu: 'webgpu', cuda: 'cpu', dml: 'cpu', coreml: 'cpu' } as const;

export type Device = keyof typeof devices;
export const deviceNames: readonly string[] = ['auto', ...Object.keys(devices)];

export interface OnnxRuntimeOptions {
  readonly device?: Device;
  /** Threads inside an op; by default one for every available processor. */
  readonly threads?: number;
  /** Where onnxruntime writes a profile, for the tests that look at node placement. */
  readonly profilePrefix?: string;
}

class OnnxSession implements Session {
  readonly #program: OnnxProgram;
  readonly #session: ort.InferenceSession;
  readonly #outputs: string[];

  constructor(program: OnnxProgram, session: ort.InferenceSession) {
    this.#program = program;
    this.#session = session;
    this.#outputs = program.outputs.map((output) => output.name);
  }

  async run(feeds: Feeds): Promise<Readonly<Record<string, Tensor>>> {
    const tensors: Record<string, ort.Tensor> = {};
    for (const { name, dtype, shape } of this.#program.inputs) {
      if (!(name in feeds)) throw new Error(`session: input ${name} is not fed`);
      const feed = feeds[name];
      if (!sameShape(feed.shape, shape)) {
        throw new Error(`session: input ${name}: expected ${formatShape(shape)}, got ${formatShape(feed.shape)}`);
      }
      tensors[name] = new ort.Tensor(dtype, feed.data, shape);
    }
    const unknown = Object.keys(feeds).filter((name) => !(name in tensors));
    if (unknown.length > 0) throw new Error(`session: no input named ${unknown.join(', ')}`);
    const results = await this.#session.run(tensors, this.#outputs);
    const out: Record<string, Tensor> = {};
    for (const { name, shape } of this.#program.outputs) {
      const { data } = results[name];
      if (!(data instanceof Float32Array)) throw new Error(`session: output ${name} is not float32`);
      out[name] = { shape, data };
    }
    return out;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release();
  }
}

/** onnxruntime in this process. */
export class OnnxRuntime implements Runtime {
  readonly device: Device;
  readonly threads: number;
  readonly #profilePrefix: string | undefined;

  constructor(options: OnnxRuntimeOptions = {}) {
    this.device = options.device ?? 'cpu';
    this.threads = options.threads ?? availableParallelism();
    this.#profilePrefix = options.profilePrefix;
  }

  get description(): string {
    return this.device === 'cpu' ? `cpu, ${this.threads} thread${this.threads === 1 ? '' : 's'}` : this.device;
  }

  get provider(): OnnxProgram['provider'] {
    return devices[this.device];
  }

  /**
   * @throws InputError (`unsupported`) when onnxruntime cannot use the device on this machine
   */
  async compile(program: OnnxProgram): Promise<Session> {
    const { bytes, externalData } = await serializeOnnx(program);
    const options: ort.InferenceSession.SessionOptions = {
      executionProviders: this.device === 'cpu' ? ['cpu'] : [this.device, 'cpu'],
      intraOpNumThreads: this.threads,
      // errors only: notes on node placement are for the tests, which read them from the profile
      logSeverityLevel: 3,
      externalData,
      ...(this.#profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: this.#profilePrefix }),
    };
    try {
      return new OnnxSession(program, await ort.InferenceSession.create(bytes, options));
    } catch (thrown) {
      if (this.device === 'cpu') throw thrown;
      throw new InputError({
        code: 'unsupported',
        operation: `start a session on ${this.device}`,
        expected: 'a device that onnxruntime can use here',
        received: messageOf(thrown),
        fix: 'Use --device cpu, or install the driver that the device needs.',
        cause: thrown,
      });
    }
  }
}
