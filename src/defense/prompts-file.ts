import { openSafetensors, writeSafetensors } from '../checkpoint/safetensors.js';
import type { ByteSource } from '../core/bytes.js';
import { InputError } from '../core/errors.js';
import type { VisualPrompts } from '../inference/fold-prompts.js';
import type { ClipArchitecture } from '../model/architecture.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { promptName } from './prompt-tuning-graph.js';

const format = 'rvpt-prompts-1';

/** What a prompts file says of itself: enough to know which model it belongs to. */
export interface PromptsMetadata {
  /** sha256 of the checkpoint that the prompts were tuned for. */
  readonly model: string;
  readonly method: string;
  /** α */
  readonly alpha: number;
}

/** `prompts.safetensors`: `prompts.{d}` [b, W] float32 for d = D … L − 1. */
export function encodePrompts(prompts: VisualPrompts, layers: number, metadata: PromptsMetadata): Uint8Array {
  const blocks = [...prompts.keys()].sort((a, b) => a - b);
  const [tokens] = prompts.get(blocks[0])?.shape ?? [0];
  return writeSafetensors(
    new Map(blocks.flatMap((d) => entryOf(prompts, d))),
    new Map([
      ['format', format],
      ['base_model_sha256', metadata.model],
      ['method', metadata.method],
      ['depth', String(blocks[0])],
      ['tokens', String(tokens)],
      ['layers', String(layers)],
      ['alpha', String(metadata.alpha)],
    ]),
  );
}

function entryOf(prompts: VisualPrompts, d: number): [string, Tensor][] {
  const prompt = prompts.get(d);
  return prompt === undefined ? [] : [[promptName(d), prompt]];
}

/**
 * Reads prompts for a model.
 * @param modelSha256 of the checkpoint they are to be used with
 * @throws InputError (`malformed`) when the file holds no prompts, (`mismatch`) when they belong to another model
 */
export async function decodePrompts(
  source: ByteSource,
  architecture: ClipArchitecture,
  modelSha256: string,
): Promise<VisualPrompts> {
  const operation = `read prompts from ${source.name}`;
  const { tensors, metadata } = await openSafetensors(source);
  if (metadata.get('format') !== format) {
    throw new InputError({
      code: 'malformed',
      operation,
      expected: `visual prompts (${format})`,
      received: metadata.get('format') ?? 'a safetensors file of another kind',
      fix: 'Give the folder of a run of `rvpt defend`.',
    });
  }
  const base = metadata.get('base_model_sha256');
  if (base !== modelSha256) {
    throw new InputError({
      code: 'mismatch',
      operation,
      expected: `prompts for the model with sha256 ${modelSha256}`,
      received: `prompts for ${base ?? 'an unnamed model'}`,
      fix: 'Prompts fit only the checkpoint that they were tuned for: give that one, or tune anew.',
    });
  }
  const { layers, width } = architecture.vision;
  const prompts = new Map<number, Tensor>();
  for (let d = 0; d < layers; d++) {
    const stored = tensors.get(promptName(d));
    if (stored === undefined) continue;
    const [tokens, columns] = stored.shape;
    if (stored.shape.length !== 2 || tokens < 1 || columns !== width || stored.dtype !== 'float32') {
      throw new InputError({
        code: 'malformed',
        operation,
        expected: `${promptName(d)} as float32 [b, ${width}]`,
        received: `${stored.dtype} ${formatShape(stored.shape)}`,
      });
    }
    prompts.set(d, { shape: stored.shape, data: await stored.read() });
  }
  if (prompts.size === 0 || prompts.size !== tensors.size) {
    throw new InputError({
      code: 'malformed',
      operation,
      expected: `tensors ${promptName(0)} … ${promptName(layers - 1)} and no others`,
      received: [...tensors.keys()].slice(0, 5).join(', ') || 'no tensors',
    });
  }
  return prompts;
}
