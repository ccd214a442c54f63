import { describe, expect, test } from 'vitest';

import type { ClipArchitecture } from './architecture.js';
import { blockFold, foldLinear, projectionFold, readLinear, type BlockLinear } from './folded-weights.js';
import type { ClipWeights } from './weights.js';

describe('foldLinear', () => {
  test('gathers gain, shift and both factors, by hand', () => {
    const folded = foldLinear(Float32Array.of(1, 2, 3, 4), Float32Array.of(10, 20), 2, {
      gain: Float32Array.of(2, 3),
      shift: Float32Array.of(1, -1),
      before: 0.5,
      after: 4,
    });
    // 4 (1/2 (1·2 x0 + 2·3 x1) + 1/2 (1·1 - 2·1) + 10) = 4 x0 + 12 x1 + 38
    // 4 (1/2 (3·2 x0 + 4·3 x1) + 1/2 (3·1 - 4·1) + 20) = 12 x0 + 24 x1 + 78
    expect([...folded.weight]).toEqual([4, 12, 12, 24]);
    expect([...folded.bias]).toEqual([38, 78]);
  });

  test('without any of them transposes to [in, out]', () => {
    const folded = foldLinear(Float32Array.of(1, 2, 3, 4, 5, 6), undefined, 2);
    expect([folded.inputs, folded.outputs]).toEqual([3, 2]);
    expect([...folded.weight]).toEqual([1, 4, 2, 5, 3, 6]);
    expect([...folded.bias]).toEqual([0, 0]);
  });

  test('sums a bias in float64', () => {
    const shift = Float32Array.of(2 ** 24, 1, -(2 ** 24));
    const folded = foldLinear(Float32Array.of(1, 1, 1), undefined, 1, { gain: shift, shift });
    expect(folded.bias[0]).toBe(1);
  });
});

const tower = { width: 8, layers: 1, heads: 2, mlpWidth: 8, activation: 'quick_gelu', normEpsilon: 1e-5 } as const;
const architecture: ClipArchitecture = {
  vision: { ...tower, imageSize: 2, patchSize: 1 },
  text: { ...tower, activation: 'gelu', contextLength: 2, vocabularySize: 2, endOfText: { kind: 'argmax' } },
  embedDim: 1,
};

/** Weights whose matrices are 3 throughout, biases 5, gains of norm n are 10 n and shifts 1/n. */
const weights: ClipWeights = {
  architecture,
  shapes: new Map(),
  read: (name) => {
    const norm = /norm_(\d)\.(weight|bias)$/.exec(name);
    if (norm !== null) {
      const n = Number(norm[1]);
      return Promise.resolve(new Float32Array(8).fill(norm[2] === 'weight' ? 10 * n : 1 / n));
    }
    return Promise.resolve(name.endsWith('.bias') ? new Float32Array(8).fill(5) : new Float32Array(64).fill(3));
  },
};

describe('a block folds', () => {
  // rows: 3 · gain · factor, factor (5 + 8 · 3 · shift); heads are 4 wide, so queries are halved
  test.each<[BlockLinear, number, number]>([
    ['query', (3 * 10) / 2, (5 + 24) / 2],
    ['key', 3 * 10, 5 + 24],
    ['value', 3 * 10, 5 + 24],
    ['output', 3, 5],
    ['up', 3 * 20 * 1.702, (5 + 12) * 1.702],
    ['down', 3 / 1.702, 5],
  ])('its %s', async (which, weight, bias) => {
    const folded = await readLinear(weights, blockFold(architecture, 'vision', 0, which));
    expect(folded.weight).toHaveLength(64);
    expect([folded.weight[0], folded.weight[63]]).toEqual([Math.fround(weight), Math.fround(weight)]);
    expect([...folded.bias]).toEqual(new Array(8).fill(Math.fround(bias)));
  });

  test.each<[BlockLinear, number]>([
    ['up', 3 * 20],
    ['down', 3],
  ])('no factor of QuickGELU into its %s where the activation is GELU', async (which, weight) => {
    expect((await readLinear(weights, blockFold(architecture, 'text', 0, which))).weight[0]).toBe(weight);
  });
});

test.each([
  ['vision', 'vision.post_norm'],
  ['text', 'text.final_norm'],
] as const)('the %s projection folds %s', async (towerName, norm) => {
  const tensors: Record<string, number[]> = {
    [`${towerName}.projection`]: [2, 3],
    [`${norm}.weight`]: [5, 7],
    [`${norm}.bias`]: [11, 13],
  };
  const few: ClipWeights = { ...weights, read: (name) => Promise.resolve(Float32Array.from(tensors[name])) };
  const folded = await readLinear(few, projectionFold(few.architecture, towerName));
  expect([...folded.weight]).toEqual([10, 21]);
  expect([...folded.bias]).toEqual([2 * 11 + 3 * 13]);
});
