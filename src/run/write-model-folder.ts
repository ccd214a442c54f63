import path from 'node:path';

import type { WritableFloat } from '../checkpoint/stream-safetensors.js';
import { huggingFacePreprocess } from '../data/preprocess-config.js';
import type { Preprocess } from '../data/preprocess.js';
import type { ClipWeights } from '../model/weights.js';
import { writeAtomic } from './atomic-file.js';
import { writeCheckpoint } from './write-checkpoint.js';

export interface ModelFolderContent {
  readonly weights: ClipWeights;
  readonly preprocess: Preprocess;
  /** Bytes of `tokenizer.json`; left out for a model that uses CLIP's own vocabulary. */
  readonly tokenizer?: Uint8Array;
  /** What floats are written as; float32 by default. */
  readonly float?: WritableFloat;
}

/**
 * Writes everything that loading a model needs, as Hugging Face lays it out: weights, config, preprocessing, tokenizer.
 * @throws InputError (`storage`), and (`unsupported`) when a weight is too large for float16
 */
export async function writeModelFolder(
  folder: string,
  { weights, preprocess, tokenizer, float = 'float32' }: ModelFolderContent,
): Promise<void> {
  const json = `${JSON.stringify(huggingFacePreprocess(preprocess), undefined, 2)}\n`;
  await writeAtomic(path.join(folder, 'preprocessor_config.json'), json);
  if (tokenizer !== undefined) await writeAtomic(path.join(folder, 'tokenizer.json'), tokenizer);
  await writeCheckpoint(folder, weights, float);
}
