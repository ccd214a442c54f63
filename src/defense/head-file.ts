import { openSafetensors, writeSafetensors } from '../checkpoint/safetensors.js';
import type { ByteSource } from '../core/bytes.js';
import { InputError } from '../core/errors.js';
import type { ClipArchitecture } from '../model/architecture.js';
import type { LinearHead } from '../model/clip-graphs.js';
import { formatShape } from '../tensor/shape.js';

const format = 'rvpt-head-1';

/** What a head file says of itself. */
export interface HeadMetadata {
  /** sha256 of the checkpoint that the head was trained on. */
  readonly model: string;
  readonly method: string;
}

/** `head.safetensors`: `weight` [C, E] and `bias` [C], float32. */
export function encodeHead({ weight, bias, unit }: LinearHead, { model, method }: HeadMetadata): Uint8Array {
  return writeSafetensors(
    new Map([
      ['weight', weight],
      ['bias', bias],
    ]),
    new Map([
      ['format', format],
      ['base_model_sha256', model],
      ['method', method],
      ['unit', String(unit)],
    ]),
  );
}

/**
 * Reads a head for a model.
 * @param modelSha256 of the checkpoint it is to be used with
 * @throws InputError (`malformed`) when the file holds no head, (`mismatch`) when it belongs to another model
 */
export async function decodeHead(
  source: ByteSource,
  { embedDim }: ClipArchitecture,
  modelSha256: string,
): Promise<LinearHead> {
  const operation = `read a linear head from ${source.name}`;
  const { tensors, metadata } = await openSafetensors(source);
  const [weight, bias] = [tensors.get('weight'), tensors.get('bias')];
  const unit = metadata.get('unit');
  if (metadata.get('format') !== format || weight === undefined || bias === undefined || tensors.size !== 2) {
    const received = metadata.get('format') ?? 'a safetensors file of another kind';
    throw new InputError({
      code: 'malformed',
      operation,
      expected: `weight and bias (${format})`,
      received: `${received} with ${tensors.size} tensors`,
    });
  }
  const base = metadata.get('base_model_sha256');
  if (base !== modelSha256) {
    throw new InputError({
      code: 'mismatch',
      operation,
      expected: `a head for the model with sha256 ${modelSha256}`,
      received: `one for ${base ?? 'an unnamed model'}`,
      fix: 'A head fits only the checkpoint that it was trained on: give that one, or train anew.',
    });
  }
  const [classes, columns] = weight.shape;
  const fits =
    weight.shape.length === 2 && classes > 0 && columns === embedDim && formatShape(bias.shape) === `[${classes}]`;
  const floats = weight.dtype === 'float32' && bias.dtype === 'float32';
  if (!fits || !floats || (unit !== 'true' && unit !== 'false')) {
    throw new InputError({
      code: 'malformed',
      operation,
      expected: `float32 weight [C, ${embedDim}] and bias [C], and whether it reads unit embeddings`,
      received: `${weight.dtype} ${formatShape(weight.shape)} and ${bias.dtype} ${formatShape(bias.shape)}, unit ${unit ?? 'untold'}`,
    });
  }
  return {
    weight: { shape: weight.shape, data: await weight.read() },
    bias: { shape: bias.shape, data: await bias.read() },
    unit: unit === 'true',
  };
}
