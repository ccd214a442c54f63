import type { Shape } from '../../tensor/shape.js';
import type { ConstantData, ValueType } from '../value.js';

/**
 * Execution providers whose kernels differ enough for a lowering to care; and `portable`, for files that others run:
 * standard operators alone, of which onnxruntime makes its own faster ones when it loads them.
 */
export type Provider = 'cpu' | 'webgpu' | 'portable';

export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly string: string };

export interface OnnxNode {
  readonly type: string;
  /** Empty for the standard operators. */
  readonly domain: '' | 'com.microsoft';
  /** Names of tensors; an empty name leaves an optional input or output out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

export interface NodeOptions {
  readonly domain?: 'com.microsoft';
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  /** Names to write to; by default one fresh name. */
  readonly outputs?: readonly string[];
}

/** What an op's lowering sees of the program being written. */
export interface LoweringContext {
  readonly provider: Provider;
  readonly inputs: readonly (ValueType & { readonly name: string })[];
  readonly outputs: readonly (ValueType & { readonly name: string })[];
  /** Whether a length depends on a free axis, and is known only when the program runs. */
  readonly isFree: (length: number) => boolean;
  /** Emits a node and returns the name of its first output. */
  readonly node: (type: string, inputs: readonly string[], options?: NodeOptions) => string;
  /** An int64 vector as an initializer: axes, shapes, bounds. */
  readonly integers: (values: readonly number[]) => string;
  /** A float32 initializer. */
  readonly floats: (shape: Shape, values: Float32Array) => string;
  /**
   * The elements of input `index` when it is a constant, so that a lowering can store it in another arrangement.
   */
  readonly constantInput: (index: number) => ConstantData | undefined;
  /** A float32 initializer derived from a constant, made when the program is written; one for each `name`. */
  readonly derived: (name: string, shape: Shape, data: ConstantData) => string;
}
