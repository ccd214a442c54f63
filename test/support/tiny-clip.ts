import type { Naming } from '../../src/checkpoint/name-table.js';
import type { ClipArchitecture } from '../../src/model/architecture.js';
import { randomWeights } from '../../src/model/weights.js';
import { stateDictOf, type NamedTensor } from './named-tensor.js';

const tower = { layers: 1, heads: 1, activation: 'quick_gelu', normEpsilon: 1e-5 } as const;

/** The smallest CLIP that has everything: some 1,500 parameters. */
export const tinyArchitecture: ClipArchitecture = {
  vision: { ...tower, imageSize: 4, patchSize: 2, width: 8, mlpWidth: 12 },
  text: { ...tower, contextLength: 5, vocabularySize: 9, width: 6, mlpWidth: 10, endOfText: { kind: 'argmax' } },
  embedDim: 4,
};

/** Heads cannot be told from such widths. */
export const tinyHeads = { visionHeads: 1, textHeads: 1 } as const;

/** Its random weights under the names of one family's files. */
export async function tinyStateDict(naming: Naming): Promise<Map<string, NamedTensor>> {
  const weights = randomWeights(tinyArchitecture, 7);
  const tensors = new Map<string, NamedTensor>();
  for (const [name, shape] of weights.shapes) tensors.set(name, { shape, data: await weights.read(name) });
  return stateDictOf(tensors, naming);
}
