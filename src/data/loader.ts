import type { Tensor } from '../tensor/tensor.js';
import type { Sample } from './sample.js';

/** Images ready for the model. */
export interface Batch {
  /** [B, 3, H, W], normalised. */
  readonly pixelValues: Tensor;
  /** [B] indices into the class names. */
  readonly labels: readonly number[];
  readonly samples: readonly Sample[];
  /** [B] positions in the list that was loaded. */
  readonly indices: readonly number[];
}
