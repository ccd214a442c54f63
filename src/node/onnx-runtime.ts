import { availableParallelism } from 'node:os';
import type { InferenceSession } from 'onnxruntime-node';

import { InputError, messageOf } from '../core/errors.js';
import type { OnnxProgram } from '../graph/onnx/lower.js';
import { serializeOnnx } from '../graph/onnx/serialize.js';
import type { Feeds, Runtime, Session } from '../runtime/session.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { RunRequest } from './onnx-messages.js';
import { OnnxThread } from './onnx-thread.js';

/** Execution providers of onnxruntime that may be asked for, and whose kernels each lowers for. */
const devices = { cpu: 'cpu', webgpu: 'webgpu', cuda: 'cpu', dml: 'cpu', coreml: 'cpu' } as const;

export type Device = keyof typeof devices;

export function isDevice(name: string): name is Device {
  return Object.hasOwn(devices, name);
}

export interface OnnxRuntimeOptions {
  readonly device?: Device;
  /** Threads inside an op; by default one for every available processor. */
  readonly threads?: number;
  /** Refuse programs of which a part would run on another device than the one asked for. */
  readonly forbidFallback?: boolean;
}

class OnnxSession implements Session {
  readonly #program: OnnxProgram;
  readonly #thread: OnnxThread;
  readonly #id: number;
  readonly #outputs: readonly string[];

  constructor(program: OnnxProgram, thread: OnnxThread, id: number) {
    this.#program = program;
    this.#thread = thread;
    this.#id = id;
    this.#outputs = program.outputs.map((output) => output.name);
  }

  async run(feeds: Feeds): Promise<Readonly<Record<string, Tensor>>> {
    const checked: Record<string, RunRequest['feeds'][string]> = {};
    for (const { name, dtype, shape } of this.#program.inputs) {
      if (!Object.hasOwn(feeds, name)) throw new Error(`session: input ${name} is not fed`);
      const feed = feeds[name];
      if (!sameShape(feed.shape, shape)) {
        throw new Error(`session: input ${name}: expected ${formatShape(shape)}, got ${formatShape(feed.shape)}`);
      }
      checked[name] = { dtype, shape, data: feed.data };
    }
    const unknown = Object.keys(feeds).filter((name) => !Object.hasOwn(checked, name));
    if (unknown.length > 0) throw new Error(`session: no input named ${unknown.join(', ')}`);
    const results = await this.#thread.ask(this.#id, { kind: 'run', feeds: checked, outputs: this.#outputs });
    return Object.fromEntries(this.#program.outputs.map(({ name, shape }) => [name, { shape, data: results[name] }]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.ask(this.#id, { kind: 'release' });
  }
}

/** onnxruntime, in a thread beside the caller's. */
export class OnnxRuntime implements Runtime {
  readonly device: Device;
  readonly threads: number;
  readonly #forbidFallback: boolean;
  #thread: OnnxThread | undefined;

  constructor(options: OnnxRuntimeOptions = {}) {
    this.device = options.device ?? 'cpu';
    this.threads = options.threads ?? availableParallelism();
    this.#forbidFallback = options.forbidFallback ?? false;
  }

  get description(): string {
    return this.device === 'cpu' ? `cpu, ${this.threads} thread${this.threads === 1 ? '' : 's'}` : this.device;
  }

  get provider(): OnnxProgram['provider'] {
    return devices[this.device];
  }

  /** @throws InputError (`unsupported`) when onnxruntime cannot use the device on this machine */
  async compile(program: OnnxProgram): Promise<Session> {
    const { bytes, externalData } = await serializeOnnx(program);
    const options: InferenceSession.SessionOptions = {
      executionProviders: this.device === 'cpu' || this.#forbidFallback ? [this.device] : [this.device, 'cpu'],
      intraOpNumThreads: this.threads,
      // one block for all activations, which the pattern asks for, is larger and never warm in the cache: without it a
      // tuning step at ViT-B/32 is a tenth faster in two thirds of the memory
      enableMemPattern: false,
      // errors only: notes on node placement help nobody who did not ask for them
      logSeverityLevel: 3,
      externalData,
      ...(this.#forbidFallback ? { extra: { session: { disable_cpu_ep_fallback: '1' } } } : {}),
    };
    this.#thread ??= new OnnxThread();
    const id = this.#thread.newSession();
    const buffers = [bytes, ...externalData.map(({ data }) => data)].map(({ buffer }) => buffer);
    try {
      await this.#thread.ask(id, { kind: 'create', bytes, options }, buffers);
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
    return new OnnxSession(program, this.#thread, id);
  }
}
