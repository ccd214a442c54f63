import { InputError } from '../core/errors.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Sgd } from './sgd.js';

/** Where training by SGD stands after `step` optimiser steps: enough to go on as if it had never stopped. */
export interface SgdState {
  readonly step: number;
  /** Parameters by name, and `momentum.{name}` of each, of its shape. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

const velocityName = (name: string): string => `momentum.${name}`;

/** A copy. */
export function sgdState(step: number, parameters: ReadonlyMap<string, Tensor>, sgd: Sgd): SgdState {
  const tensors = new Map<string, Tensor>();
  for (const [name, { shape, data }] of parameters) {
    tensors.set(name, { shape, data: data.slice() });
    const velocity = sgd.velocities.get(name);
    if (velocity !== undefined) tensors.set(velocityName(name), { shape, data: velocity.slice() });
  }
  return { step, tensors };
}

/** Puts parameters and velocities back where they stood. @throws InputError (`malformed`) when one is missing or of another size */
export function restoreSgd(parameters: ReadonlyMap<string, Tensor>, sgd: Sgd, { step, tensors }: SgdState): void {
  const velocities = new Map<string, Float32Array>();
  for (const [name, { data }] of parameters) {
    const [saved, velocity] = [tensors.get(name), tensors.get(velocityName(name))];
    if (saved?.data.length !== data.length || velocity?.data.length !== data.length) {
      throw new InputError({
        code: 'malformed',
        operation: `resume at step ${step}`,
        expected: `${name} and ${velocityName(name)} of ${data.length} elements`,
        received: saved === undefined || velocity === undefined ? 'one of them missing' : 'other sizes',
        fix: 'The saved state was changed: start a new run in another folder.',
      });
    }
    data.set(saved.data);
    velocities.set(name, velocity.data);
  }
  sgd.restore(velocities);
}
