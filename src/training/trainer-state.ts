import { InputError } from '../core/errors.js';
import type { Tensor } from '../tensor/tensor.js';
import type { AdamWState } from './adamw.js';
import type { WeightTrainer } from './weight-trainer.js';

/** What trains, and the moments that it trains by. */
export type Trained = Pick<WeightTrainer, 'tensors' | 'optimiser'>;

/** Where training stands after `step` optimiser steps: enough to go on as if it had never stopped. */
export interface TrainerState {
  readonly step: number;
  /** `weight.{name}`, `first.{name}` and `second.{name}` (AdamW's moments), each of its weight's shape. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** The trainer's own memory, not a copy: use it before the next step. @param step steps it has taken, one at least */
export function stateOf(trainer: Trained, step: number): TrainerState {
  const tensors = new Map<string, Tensor>();
  for (const [name, { shape, data }] of trainer.tensors) {
    const moments = trainer.optimiser.state.get(name);
    if (moments === undefined) throw new RangeError(`training state: no step has moved ${name}`);
    tensors.set(`weight.${name}`, { shape, data });
    tensors.set(`first.${name}`, { shape, data: moments.first });
    tensors.set(`second.${name}`, { shape, data: moments.second });
  }
  return { step, tensors };
}

/** @throws InputError (`malformed`) that names the first tensor that is not there or of another size. */
export function restoreState(trainer: Trained, { step, tensors }: TrainerState): void {
  const moments = new Map<string, AdamWState>();
  for (const [name, { data: weight }] of trainer.tensors) {
    const read = (key: string): Float32Array => {
      const data = tensors.get(key)?.data;
      if (data?.length === weight.length) return data;
      throw new InputError({
        code: 'malformed',
        operation: `resume at step ${step}`,
        expected: `${key} of ${weight.length} elements`,
        received: data === undefined ? 'none' : `${data.length}`,
        fix: 'The saved state was changed: start again in another folder.',
      });
    };
    weight.set(read(`weight.${name}`));
    moments.set(name, { first: read(`first.${name}`), second: read(`second.${name}`), steps: step });
  }
  trainer.optimiser.restore(moments);
}
