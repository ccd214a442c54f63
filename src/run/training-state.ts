import { openSafetensors, writeSafetensors } from '../checkpoint/safetensors.js';
import { MemoryBytes } from '../core/bytes.js';
import { InputError } from '../core/errors.js';
import type { Tensor } from '../tensor/tensor.js';

/** Everything that tuning needs to go on as if it had never stopped. */
export interface TrainingState {
  /** Optimiser steps done. */
  readonly step: number;
  /** Prompts and optimiser buffers, under names of the caller's choice: `prompts.3`, `momentum.3`. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

const format = 'rvpt-state-1';

/** @param configHash says which run the state belongs to. */
export function encodeState(state: TrainingState, configHash: string): Uint8Array {
  const metadata = new Map([
    ['format', format],
    ['step', String(state.step)],
    ['config_sha256', configHash],
  ]);
  return writeSafetensors(state.tensors, metadata);
}

/** @throws InputError (`malformed`, `hostile`) when it is no state; (`mismatch`) when it is another run's. */
export async function decodeState(file: string, bytes: Uint8Array, configHash: string): Promise<TrainingState> {
  const { tensors, metadata } = await openSafetensors(new MemoryBytes(file, bytes));
  const [step, found] = [metadata.get('step') ?? '', metadata.get('format')];
  if (found !== format || !/^\d{1,15}$/.test(step)) {
    throw new InputError({
      code: 'malformed',
      operation: `read ${file}`,
      expected: `a training state (${format})`,
      received: found === undefined ? 'a safetensors file of another kind' : `format ${found}, step "${step}"`,
    });
  }
  if (metadata.get('config_sha256') !== configHash) {
    throw new InputError({
      code: 'mismatch',
      operation: `resume with ${file}`,
      expected: 'the state of this run',
      received: 'that of a run with other settings',
      fix: 'Delete the file to tune from the beginning, or start a new run in another folder.',
    });
  }
  const read = new Map<string, Tensor>();
  for (const [name, stored] of tensors) read.set(name, { shape: stored.shape, data: await stored.read() });
  return { step: Number(step), tensors: read };
}
