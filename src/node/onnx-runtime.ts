import { availableParallelism } from 'node:os';
import type { InferenceSession } from 'onnxruntime-node';

import { InputError, messageOf } from '../core/errors.js';
import type { OnnxProgram } from '../graph/onnx/lower.js';
import { serializeOnnx } from '../graph/onnx/serialize.js';
import type { Feeds, Runtime, Session } from '../runtime/session.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { CreateRequest, OnnxResult, RunRequest } from './onnx-messages.js';
import { OnnxThread } from './onnx-thread.js';

/** Execution providers of onnxruntime that may be asked for, and whose kernels each lowers for. */
const devices = { cpu: 'cpu', webgpu: 'webgpu', cuda: 'cpu', dml: 'cpu', coreml: 'cpu' } as const;

/** Where to run: an execution provider of onnxruntime. All but `cpu` and `webgpu` are untested. */
export type Device = keyof typeof devices;

export function isDevice(name: string): name is Device {
  return Object.hasOwn(devices, name);
}

/** How `OnnxRuntime` runs. */
export interface OnnxRuntimeOptions {
  readonly device?: Device;
  /** Threads inside an op; by default one for every available processor. */
  readonly threads?: number;
  /** Refuse programs of which a part would run on another device than the one asked for. */
  readonly forbidFallback?: boolean;
}

/** A session in one thread. */
class Lane {
  /** Runs asked for and not yet answered. */
  waiting = 0;
  readonly #thread: OnnxThread;
  readonly #session: number;

  constructor(thread: OnnxThread, session: number) {
    this.#thread = thread;
    this.#session = session;
  }

  async run(request: RunRequest, transfer: readonly ArrayBuffer[]): Promise<OnnxResult> {
    this.waiting++;
    try {
      return await this.#thread.ask(this.#session, request, transfer);
    } finally {
      this.waiting--;
    }
  }

  async release(): Promise<void> {
    await this.#thread.ask(this.#session, { kind: 'release' });
  }
}

/** What goes into a program and comes out of it. */
export type Signature = Pick<OnnxProgram, 'inputs' | 'outputs' | 'freeAxes'>;

class OnnxSession implements Session {
  readonly #program: Signature;
  readonly #lanes: readonly Lane[];
  readonly #outputs: readonly string[];

  constructor(program: Signature, lanes: readonly Lane[]) {
    this.#program = program;
    this.#lanes = lanes;
    this.#outputs = program.outputs.map((output) => output.name);
  }

  get lanes(): number {
    return this.#lanes.length;
  }

  async run(feeds: Feeds, given: readonly string[] = []): Promise<Readonly<Record<string, Tensor>>> {
    const checked: Record<string, RunRequest['feeds'][string]> = {};
    const { inputs, freeAxes } = this.#program;
    for (const { name, dtype, shape } of inputs) {
      if (!Object.hasOwn(feeds, name)) throw new Error(`session: input ${name} is not fed`);
      const feed = feeds[name];
      const expected = shape.map((length, axis) => (freeAxes.has(length) ? (feed.shape[axis] ?? length) : length));
      if (!sameShape(feed.shape, expected)) {
        throw new Error(`session: input ${name}: expected ${formatShape(shape)}, got ${formatShape(feed.shape)}`);
      }
      checked[name] = { dtype, shape: feed.shape, data: feed.data };
    }
    const unknown = Object.keys(feeds).filter((name) => !Object.hasOwn(checked, name));
    if (unknown.length > 0) throw new Error(`session: no input named ${unknown.join(', ')}`);
    const lane = this.#lanes.reduce((best, one) => (one.waiting < best.waiting ? one : best));
    const transfer = given.flatMap((name) => {
      const { buffer } = feeds[name].data;
      return buffer instanceof ArrayBuffer ? [buffer] : [];
    });
    return lane.run({ kind: 'run', feeds: checked, outputs: this.#outputs }, transfer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const lane of this.#lanes) await lane.release();
  }
}

/** Weights of more bytes than this are not held once more for a second lane. */
const MOST_BYTES_TWICE = 2 ** 30;

/** onnxruntime, in threads beside the caller's. */
export class OnnxRuntime implements Runtime {
  readonly device: Device;
  /** Threads inside an op. */
  readonly threads: number;
  readonly #forbidFallback: boolean;
  readonly #threads: OnnxThread[] = [];

  constructor(options: OnnxRuntimeOptions = {}) {
    this.device = options.device ?? 'cpu';
    this.threads = options.threads ?? availableParallelism();
    this.#forbidFallback = options.forbidFallback ?? false;
  }

  get description(): string {
    return this.device === 'cpu' ? `cpu, ${this.threads} thread${this.threads === 1 ? '' : 's'}` : this.device;
  }

  /**
   * Two runs on half of the threads each are faster than one after the other on all: nobody waits for the slower half of
   * every product, least of all where other work shares the processors.
   */
  get lanes(): number {
    return this.device === 'cpu' && this.threads >= 2 ? 2 : 1;
  }

  /** @internal */
  get provider(): OnnxProgram['provider'] {
    return devices[this.device];
  }

  /**
   * @throws InputError (`unsupported`) when onnxruntime cannot use the device on this machine
   * @internal
   */
  async compile(program: OnnxProgram, lanes = 1): Promise<Session> {
    const { bytes, externalData } = await serializeOnnx(program);
    return this.#start(program, bytes, externalData, lanes);
  }

  /**
   * A model that lies in a file, its external data beside it.
   * @throws InputError (`unsupported`) as `compile` does
   * @internal
   */
  async open(file: string, signature: Signature): Promise<Session> {
    return this.#start(signature, file, [], 1);
  }

  async #start(
    program: Signature,
    model: CreateRequest['model'],
    externalData: CreateRequest['externalData'],
    lanes: number,
  ): Promise<Session> {
    const weightBytes = externalData.reduce((sum, { data }) => sum + data.length, 0);
    const count = weightBytes > MOST_BYTES_TWICE ? 1 : Math.min(lanes, this.lanes);
    const options: InferenceSession.SessionOptions = {
      executionProviders: this.device === 'cpu' || this.#forbidFallback ? [this.device] : [this.device, 'cpu'],
      intraOpNumThreads: Math.floor(this.threads / count),
      // one block for all activations, which the pattern asks for, is larger and never warm in the cache: without it a
      // tuning step at ViT-B/32 is a tenth faster in two thirds of the memory
      enableMemPattern: false,
      // errors only: notes on node placement help nobody who did not ask for them
      logSeverityLevel: 3,
      ...(this.#forbidFallback ? { extra: { session: { disable_cpu_ep_fallback: '1' } } } : {}),
    };
    const buffers = [...(typeof model === 'string' ? [] : [model]), ...externalData.map(({ data }) => data)].map(
      ({ buffer }) => buffer,
    );
    const opened: Lane[] = [];
    try {
      for (let lane = 0; lane < count; lane++) {
        this.#threads[lane] ??= new OnnxThread();
        const thread = this.#threads[lane];
        const id = thread.newSession();
        // the last lane takes over the memory that the others copy
        await thread.ask(id, { kind: 'create', model, externalData, options }, lane === count - 1 ? buffers : []);
        opened.push(new Lane(thread, id));
      }
    } catch (thrown) {
      for (const lane of opened) await lane.release();
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
    return new OnnxSession(program, opened);
  }
}
