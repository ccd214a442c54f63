import { Worker } from 'node:worker_threads';

import type { CreateRequest, OnnxAnswer, OnnxResult, ReleaseRequest, RunRequest } from './onnx-messages.js';

interface Waiting {
  readonly resolve: (result: OnnxResult) => void;
  readonly reject: (error: Error) => void;
}

/** The thread that runs sessions. It lets the process end whenever nothing is asked of it. */
export class OnnxThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #nextSession = 0;
  #failure: Error | undefined;

  constructor() {
    this.#worker = new Worker(new URL('./onnx-worker.mjs', import.meta.url));
    this.#worker.unref();
    this.#worker.on('message', (answer: OnnxAnswer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (this.#waiting.size === 0) this.#worker.unref();
      if ('error' in answer) waiting?.reject(new Error(answer.error));
      else waiting?.resolve(answer.result);
    });
    this.#worker.on('error', (error: Error) => {
      this.#fail(error);
    });
    this.#worker.on('exit', () => {
      this.#fail(new Error('the thread that runs onnxruntime has ended'));
    });
  }

  /** A number for a new session. */
  newSession(): number {
    return this.#nextSession++;
  }

  /** @param transfer buffers that the thread takes over; they are gone here */
  ask(
    session: number,
    request: CreateRequest | RunRequest | ReleaseRequest,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<OnnxResult> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage({ ...request, id, session }, transfer);
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}
