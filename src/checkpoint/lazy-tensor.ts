import type { Shape } from '../tensor/shape.js';

/** Element types that checkpoints hold. */
export type DType =
  'float64' | 'float32' | 'float16' | 'bfloat16' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool';

/** A tensor of a checkpoint whose bytes are still in the file. */
export interface LazyTensor {
  /** How the file stores it. */
  readonly dtype: DType;
  readonly shape: Shape;
  /**
   * Reads it, row-major, into an array of the caller's own. float16, bfloat16 and float32 convert exactly; float64 and
   * integers are rounded to the nearest float32.
   */
  read(): Promise<Float32Array>;
  /** Its elements as the file stores them, row-major and little-endian; the caller may not write into them. */
  readBytes(): Promise<Uint8Array>;
}
