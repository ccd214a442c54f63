// @ts-check
// Runs onnxruntime sessions in a thread of their own: a run blocks the thread that calls it, and the main one has
// images to decode, progress to show and Ctrl-C to hear. Plain JavaScript, so that it loads as it is from src/ too.
import { MessageChannel, parentPort } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';

/** @type {Map<number, ort.InferenceSession>} */
const sessions = new Map();

/**
 * onnxruntime drops the providers that it was built without and goes on on the CPU.
 * @param {readonly import('onnxruntime-node').InferenceSession.ExecutionProviderConfig[]} wanted
 */
function refuseMissing(wanted) {
  const built = ort.listSupportedBackends().map(({ name }) => name);
  const missing = wanted.map((one) => (typeof one === 'string' ? one : one.name)).find((name) => !built.includes(name));
  if (missing !== undefined) throw new Error(`a build of onnxruntime without ${missing}: it has ${built.join(', ')}`);
}

/**
 * Frees memory now, not when it is next collected: onnxruntime has copied the weights, and they are the largest thing
 * there is. What is sent to a closed port is gone.
 * @param {readonly Uint8Array<ArrayBuffer>[]} arrays
 */
function letGo(arrays) {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  port1.postMessage(undefined, [...new Set(arrays.map(({ buffer }) => buffer))]);
  port1.close();
}

/**
 * @param {Uint8Array | string} model
 * @param {ort.InferenceSession.SessionOptions} options
 */
function open(model, options) {
  return typeof model === 'string'
    ? ort.InferenceSession.create(model, options)
    : ort.InferenceSession.create(model, options);
}

/**
 * @param {import('./onnx-messages.js').OnnxRequest} request
 * @returns {Promise<import('./onnx-messages.js').OnnxResult>}
 */
async function answer(request) {
  if (request.kind === 'create') {
    refuseMissing(request.options.executionProviders ?? []);
    const { model, externalData, options } = request;
    sessions.set(request.session, await open(model, { ...options, externalData }));
    letGo([...(typeof model === 'string' ? [] : [model]), ...externalData.map(({ data }) => data)]);
    return {};
  }
  const session = sessions.get(request.session);
  if (session === undefined) throw new Error(`session ${request.session} is not open`);
  if (request.kind === 'release') {
    sessions.delete(request.session);
    await session.release();
    return {};
  }
  /** @type {Record<string, ort.Tensor>} */
  const feeds = {};
  for (const [name, { dtype, shape, data }] of Object.entries(request.feeds)) {
    feeds[name] = new ort.Tensor(dtype, data, shape);
  }
  const results = await session.run(feeds, request.outputs);
  /** @type {import('./onnx-messages.js').OnnxResult} */
  const outputs = {};
  for (const name of request.outputs) {
    const { data, dims } = results[name];
    if (!(data instanceof Float32Array)) throw new Error(`output ${name} is not float32`);
    outputs[name] = { shape: dims, data };
  }
  return outputs;
}

// one after the other: a session is not released under a run that still uses it
let last = Promise.resolve();

parentPort?.on('message', (/** @type {import('./onnx-messages.js').OnnxRequest} */ request) => {
  last = last
    .then(() => answer(request))
    .then(
      (result) => parentPort?.postMessage({ id: request.id, result }),
      (/** @type {unknown} */ thrown) =>
        parentPort?.postMessage({ id: request.id, error: thrown instanceof Error ? thrown.message : String(thrown) }),
    );
});
