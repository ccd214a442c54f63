import { expect, test } from 'vitest';

import { tinyArchitecture } from '../../test/support/tiny-clip.js';
import { sizeOf } from '../tensor/shape.js';
import { namedArchitectures } from './architecture.js';
import { tensorTable } from './tensor-table.js';
import { countParameters, randomWeights } from './weights.js';

test('parameter counts are those of the published models', () => {
  // ViT-B/32 has 151,277,313 parameters, ViT-B/16 149,620,737, ViT-L/14 427,616,513 (openai/CLIP, sum of numel)
  expect(countParameters(namedArchitectures['vit-b-32'])).toEqual({
    vision: 87_849_216,
    text: 63_428_096,
    total: 151_277_313,
  });
  expect(countParameters(namedArchitectures['vit-b-16']).total).toBe(149_620_737);
  expect(countParameters(namedArchitectures['vit-l-14']).total).toBe(427_616_513);
  expect(countParameters(namedArchitectures['vit-l-14-336']).total).toBe(427_944_193);
});

test('the table names every tensor once', () => {
  const names = tensorTable(namedArchitectures['vit-b-32']).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toHaveLength(14 + 2 * 12 * 16);
});

test('random weights have the scales of OpenAI CLIP', async () => {
  const architecture = {
    ...tinyArchitecture,
    vision: { ...tinyArchitecture.vision, width: 256, mlpWidth: 1024, patchSize: 8, imageSize: 16 },
    text: { ...tinyArchitecture.text, width: 128, mlpWidth: 512, layers: 8, vocabularySize: 300 },
  };
  const weights = randomWeights(architecture, 3);
  const deviation = async (name: string) => {
    const values = await weights.read(name);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  };
  const expectClose = (found: number, wanted: number) => {
    expect(Math.abs(found / wanted - 1)).toBeLessThan(0.05);
  };
  // a uniform distribution within ±b deviates by b / √3
  expectClose(await deviation('vision.patch_embedding.weight'), 1 / Math.sqrt(3 * 64) / Math.sqrt(3));
  expectClose(await deviation('vision.blocks.0.attention.key.weight'), Math.sqrt(6 / 1024) / Math.sqrt(3));
  expectClose(await deviation('vision.projection'), 1 / 16);
  expectClose(await deviation('text.token_embedding'), 0.02);
  expectClose(await deviation('text.blocks.7.attention.output.weight'), 1 / Math.sqrt(128 * 16));
  expectClose(await deviation('text.blocks.7.mlp.up.weight'), 1 / 16);
  expect([...(await weights.read('logit_scale'))]).toEqual([Math.fround(Math.log(1 / 0.07))]);
  expect(new Set(await weights.read('vision.pre_norm.weight'))).toEqual(new Set([1]));
  expect(new Set(await weights.read('text.blocks.1.attention.query.bias'))).toEqual(new Set([0]));
});

test('a tensor is the same whenever it is read, another with another seed or name', async () => {
  const read = (seed: number, name: string) => randomWeights(tinyArchitecture, seed).read(name);
  const query = 'text.blocks.0.attention.query.weight';
  const weights = randomWeights(tinyArchitecture, 1);
  await weights.read('vision.projection');
  expect(await weights.read(query)).toEqual(await read(1, query));
  expect(await read(1, query)).not.toEqual(await read(2, query));
  expect(await read(1, query)).not.toEqual(await read(1, 'text.blocks.0.attention.key.weight'));
  for (const [name, shape] of weights.shapes) expect((await weights.read(name)).length).toBe(sizeOf(shape));
  await expect(weights.read('nothing')).rejects.toThrow('no tensor "nothing"');
});
