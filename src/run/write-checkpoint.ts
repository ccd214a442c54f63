import path from 'node:path';

import { streamSafetensors, type WritableFloat } from '../checkpoint/stream-safetensors.js';
import { fileName } from '../checkpoint/state-dict.js';
import { huggingFaceConfig } from '../model/huggingface-config.js';
import type { ClipWeights } from '../model/weights.js';
import type { Shape } from '../tensor/shape.js';
import { writeAtomic } from './atomic-file.js';

/**
 * Writes a model folder as Hugging Face has it: `config.json` and `model.safetensors`. Tensors go through memory one at
 * a time.
 * @throws InputError (`storage`), and (`unsupported`) when a weight is too large for float16
 */
export async function writeCheckpoint(
  folder: string,
  weights: ClipWeights,
  float: WritableFloat = 'float32',
): Promise<void> {
  const shapes = new Map<string, Shape>();
  const canonical = new Map<string, string>();
  for (const [name, shape] of weights.shapes) {
    const stored = fileName(name, 'huggingface');
    shapes.set(stored, shape);
    canonical.set(stored, name);
  }
  const read = (stored: string): Promise<Float32Array> => weights.read(canonical.get(stored) ?? stored);
  const config = `${JSON.stringify(huggingFaceConfig(weights.architecture), undefined, 2)}\n`;
  await writeAtomic(path.join(folder, 'config.json'), config);
  const content = streamSafetensors(shapes, read, new Map([['format', 'pt']]), float);
  await writeAtomic(path.join(folder, 'model.safetensors'), content);
}
