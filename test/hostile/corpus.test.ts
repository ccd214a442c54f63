import { expect, test } from 'vitest';

import { openCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { writeSafetensors } from '../../src/checkpoint/safetensors.js';
import { InputError } from '../../src/core/errors.js';
import { inspectCheckpoint, type InspectReport } from '../../src/model/inspect.js';
import { loadWeights } from '../../src/model/load-weights.js';
import { MemoryFolder } from '../support/memory-folder.js';
import { tinyHeads, tinyStateDict } from '../support/tiny-clip.js';
import { writeTorchLegacy, writeTorchScript, writeTorchZip } from '../support/write-torch.js';
import { hostileFiles } from './corpus.js';
import { huggingface, openai } from './corpus/hostile-file.js';

const sha256 = () => Promise.resolve('');

async function inspect(files: Readonly<Record<string, Uint8Array | string>>, file?: string): Promise<InspectReport> {
  await using checkpoint = await openCheckpoint(new MemoryFolder('model', files), { file, sha256 });
  return await inspectCheckpoint(checkpoint, tinyHeads);
}

test.each(hostileFiles)('$name is refused by name', async ({ files, file, code, names }) => {
  const thrown = await inspect(files, file).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(InputError);
  expect(thrown).toMatchObject({ code });
  expect(String(thrown)).toContain(names);
  // an error that repeats what an attacker wrote stays readable
  expect(String(thrown).length).toBeLessThan(2000);
});

const honestFiles = {
  'zip.pt': writeTorchZip(openai),
  'legacy.pt': writeTorchLegacy(openai),
  'script.pt': writeTorchScript(openai),
  'model.safetensors': writeSafetensors(huggingface),
};

test.each(Object.entries(honestFiles))('%s, which they were made from, is read', async (file, bytes) => {
  const report = await inspect({ [file]: bytes }, file);
  expect(report.nan_tensors).toEqual([]);
});

test('a tensor of nothing but NaN is reported by inspect and refused by whoever needs it', async () => {
  const tensors = await tinyStateDict('huggingface');
  tensors.get('vision_model.pre_layrnorm.weight')?.data.fill(NaN);
  tensors.get('text_projection.weight')?.data.fill(0.25);
  const files = { 'model.safetensors': writeSafetensors(tensors) };
  const report = await inspect(files);
  expect(report.nan_tensors).toEqual([{ name: 'vision.pre_norm.weight', not_finite: 8, elements: 8 }]);
  expect(report.constant_tensors).toEqual(['text.projection']);
  await using checkpoint = await openCheckpoint(new MemoryFolder('model', files), { sha256 });
  const { weights } = loadWeights(checkpoint, tinyHeads);
  await expect(weights.read('vision.pre_norm.weight')).rejects.toThrow(/vision_model\.pre_layrnorm\.weight.*NaN/);
});
