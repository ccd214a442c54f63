import type { InferenceSession } from 'onnxruntime-node';

import type { OnnxModel } from '../graph/onnx/serialize.js';
import type { Dtype } from '../graph/value.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

interface Addressed {
  /** Pairs the answer with the question. */
  readonly id: number;
  readonly session: number;
}

export interface CreateRequest {
  readonly kind: 'create';
  /** The model's bytes, or the file that holds it, with its external data beside it. */
  readonly model: Uint8Array<ArrayBuffer> | string;
  readonly externalData: OnnxModel['externalData'];
  readonly options: InferenceSession.SessionOptions;
}

export interface RunRequest {
  readonly kind: 'run';
  readonly feeds: Readonly<
    Record<string, { readonly dtype: Dtype; readonly shape: Shape; readonly data: Float32Array | BigInt64Array }>
  >;
  readonly outputs: readonly string[];
}

export interface ReleaseRequest {
  readonly kind: 'release';
}

/** What the main thread asks of the thread that runs sessions. */
export type OnnxRequest = Addressed & (CreateRequest | RunRequest | ReleaseRequest);

/** Outputs by name; empty for requests that give none. */
export type OnnxResult = Record<string, Tensor>;

export type OnnxAnswer =
  { readonly id: number; readonly result: OnnxResult } | { readonly id: number; readonly error: string };
