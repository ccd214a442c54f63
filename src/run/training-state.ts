import path from 'node:path';

import { openSafetensors } from '../checkpoint/safetensors.js';
import { streamSafetensors } from '../checkpoint/stream-safetensors.js';
import { InputError } from '../core/errors.js';
import { DiskFolder } from '../node/files.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { writeAtomic } from './atomic-file.js';

/** Everything that training needs to go on as if it had never stopped. */
export interface TrainingState {
  /** Optimiser steps done. */
  readonly step: number;
  /** Parameters and optimiser buffers, under names of the caller's choice: `prompts.3`, `momentum.prompts.3`. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

const format = 'rvpt-state-1';

/**
 * Saves a state, tensor by tensor: it may be larger than any one piece of memory.
 * @param configHash says which run the state belongs to
 * @throws InputError (`storage`)
 */
export async function writeState(file: string, { step, tensors }: TrainingState, configHash: string): Promise<void> {
  const metadata = new Map([
    ['format', format],
    ['step', String(step)],
    ['config_sha256', configHash],
  ]);
  const shapes = new Map<string, Shape>();
  for (const [name, { shape }] of tensors) shapes.set(name, shape);
  const read = (name: string): Promise<Float32Array> => Promise.resolve(tensors.get(name)?.data ?? new Float32Array(0));
  await writeAtomic(file, streamSafetensors(shapes, read, metadata));
}

/**
 * A saved state; undefined where there is none.
 * @throws InputError (`malformed`, `hostile`) when it is no state; (`mismatch`) when it is another run's.
 */
export async function readState(file: string, configHash: string): Promise<TrainingState | undefined> {
  const folder = new DiskFolder(path.dirname(file));
  if (!(await folder.has(path.basename(file)))) return undefined;
  await using source = await folder.open(path.basename(file));
  const { tensors, metadata } = await openSafetensors(source);
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
