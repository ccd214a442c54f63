import { expect, test } from 'vitest';

import { initialWeights } from './initial-weights.js';
import { pretrainingArchitecture, pretrainingSchema } from './pretraining-settings.js';
import { randomWeights } from '../model/weights.js';

const architecture = pretrainingArchitecture(pretrainingSchema.parse({}), {
  imageSize: 48,
  contextLength: 24,
  vocabularySize: 64,
});
const weights = initialWeights(architecture, 3);

async function deviation(name: string): Promise<number> {
  const values = await weights.read(name);
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

// width 128, 6 blocks, patches of 8: 192 inputs
test.each([
  ['vision.patch_embedding.weight', 192 ** -0.5],
  ['vision.blocks.2.attention.key.weight', 128 ** -0.5],
  ['vision.blocks.2.attention.output.weight', 128 ** -0.5 * 12 ** -0.5],
  ['vision.blocks.5.mlp.up.weight', 256 ** -0.5 / 1.702],
  ['vision.blocks.5.mlp.down.weight', 128 ** -0.5 * 12 ** -0.5 * 1.702],
  ['vision.blocks.5.mlp.up.bias', 0],
])('%s deviates by %d', async (name, expected) => {
  expect((await weights.read(name)).length).toBe(weights.shapes.get(name)?.reduce((a, b) => a * b, 1));
  expect(Math.abs((await deviation(name)) - expected)).toBeLessThan(0.03 * expected + 1e-12);
});

test('positions are waves of row and column, the class token has noise', async () => {
  const table = await weights.read('vision.position_embedding');
  const row = (patch: number): Float32Array => table.subarray((1 + patch) * 128, (2 + patch) * 128);
  // patch 8 lies in row 1, column 2; wave 0 has frequency 1, wave 16 of 32 has 100^-1/2
  expect(row(8)[0]).toBeCloseTo(0.5 * Math.sin(1), 6);
  expect(row(8)[32]).toBeCloseTo(0.5 * Math.cos(1), 6);
  expect(row(8)[64]).toBeCloseTo(0.5 * Math.sin(2), 6);
  expect(row(8)[96 + 16]).toBeCloseTo(0.5 * Math.cos(0.2), 6);
  const token = table.subarray(0, 128);
  expect(Math.max(...token.map(Math.abs))).toBeLessThan(0.1);
  expect(new Set(token).size).toBeGreaterThan(100);
});

test('the text tower is OpenAI’s, and a tensor is the same whenever it is read', async () => {
  const name = 'text.blocks.0.mlp.up.weight';
  expect(await weights.read(name)).toEqual(await randomWeights(architecture, 3).read(name));
  const drawn = 'vision.blocks.0.mlp.up.weight';
  expect(await weights.read(drawn)).toEqual(await initialWeights(architecture, 3).read(drawn));
  expect(await weights.read(drawn)).not.toEqual(await initialWeights(architecture, 4).read(drawn));
});
