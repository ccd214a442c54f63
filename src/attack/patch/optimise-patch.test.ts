import { expect, it } from 'vitest';

import { raster, type Raster } from '../../core/raster.js';
import { clipPreprocess } from '../../data/preprocess.js';
import { imageFeatures } from '../../inference/image-features.js';
import { byteTokenizer } from '../../model/tokenizer.js';
import { classTextFeatures } from '../../inference/text-features.js';
import { OnnxRuntime } from '../../node/onnx-runtime.js';
import { Random } from '../../tensor/random.js';
import { unevenWeights } from '../../../test/support/random-clip.js';
import { optimisePatch, type OptimisedPatch, type OptimisePatchOptions } from './optimise-patch.js';
import { centredBox } from './patch-box.js';

const SIDE = 16;
const tower = { width: 16, layers: 2, heads: 2, mlpWidth: 32, activation: 'quick_gelu', normEpsilon: 1e-5 } as const;
const text = { ...tower, contextLength: 30, vocabularySize: 300, endOfText: { kind: 'argmax' } } as const;
const weights = unevenWeights({ vision: { ...tower, imageSize: SIDE, patchSize: 4 }, text, embedDim: 8 }, 11);
const model = { weights, tokenizer: byteTokenizer(text), preprocess: clipPreprocess(SIDE) };
const runtime = new OnnxRuntime({ threads: 1 });

function crops(name: string, count: number): Raster[] {
  const random = Random.stream(1, name);
  return Array.from({ length: count }, () =>
    raster(
      SIDE,
      SIDE,
      Uint8Array.from({ length: 3 * SIDE * SIDE }, () => random.below(256)),
    ),
  );
}
const images = crops('images', 10);
const targetImages = crops('targets', 3);
const captions = ['This is a yellow banana.', 'a banana'];
// 80 of 224 is 6 of 16
const settings = { size: 80, steps: 25, batchSize: 4, learningRate: 0.05 };

function optimise(options: Partial<OptimisePatchOptions>): Promise<OptimisedPatch> {
  return optimisePatch({
    runtime,
    model,
    method: 'trojvqa',
    images,
    targetImages,
    captions,
    seed: 4,
    ...options,
    settings: { ...settings, ...options.settings },
  });
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

it.each(['trojvqa', 'badclip'] as const)(
  '%s: the loss falls, and the same seed gives the same patch',
  async (method) => {
    const told: number[] = [];
    const made = await optimise({ method, onStep: ({ step }) => told.push(step) });
    expect(made.patch).toMatchObject({ width: 6, height: 6 });
    expect(told).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
    const losses = made.losses.map(({ loss }) => loss);
    expect(mean(losses.slice(-5))).toBeLessThan(mean(losses.slice(0, 5)) - 0.05);
    const names = method === 'trojvqa' ? ['cosine'] : ['contrastive', 'triplet'];
    expect(Object.keys(made.losses[0].terms).sort()).toEqual(names);

    expect(await optimise({ method })).toEqual(made);
    expect((await optimise({ method, seed: 5, settings: { steps: 1 } })).patch).not.toEqual(made.patch);
  },
);

it('what it optimised is what the model says of images with the patch on them', async () => {
  const caption = ['This is a yellow banana.'];
  const { patch } = await optimise({ captions: caption });
  const { left, top, side } = centredBox(80, SIDE);
  const pasted = images.map(({ data }) => {
    const out = Uint8Array.from(data);
    for (let y = 0; y < side; y++) {
      const row = patch.data.subarray(y * side * 3, (y + 1) * side * 3);
      out.set(row, ((top + y) * SIDE + left) * 3);
    }
    return raster(SIDE, SIDE, out);
  });
  const sentence = await classTextFeatures(runtime, weights, model.tokenizer, [caption]);
  const cosineOf = async (crops: readonly Raster[]): Promise<number> => {
    const { data } = await imageFeatures(runtime, weights, model.preprocess, crops);
    return mean(crops.map((_, i) => sentence.data.reduce((sum, value, k) => sum + value * data[i * 8 + k], 0)));
  };
  // one step on all images at once tells how near they are with the patch that it starts from
  const { losses } = await optimise({ captions: caption, settings: { batchSize: 10, steps: 1 } });
  const before = 1 - losses[0].loss;
  expect(await cosineOf(pasted)).toBeGreaterThan(before + 0.05);
});

it('a batch larger than the images is all of them', async () => {
  const { losses } = await optimise({ settings: { batchSize: 64, steps: 2 } });
  expect(losses).toHaveLength(2);
});

it('tells all data that is missing at once', async () => {
  await expect(optimise({ method: 'badclip', images: [], targetImages: [], captions: [] })).rejects.toThrow(
    'optimise a patch by badclip: expected images to put the patch on, captions of the target class, images of the target class, got none.',
  );
  await expect(optimise({ targetImages: [], settings: { steps: 1 } })).resolves.toBeDefined();
});

it('stops when it is told to', async () => {
  const controller = new AbortController();
  const onStep = (): void => {
    controller.abort(new Error('enough'));
  };
  await expect(optimise({ onStep, signal: controller.signal })).rejects.toThrow('enough');
});

it.each([
  [16, 224, { left: 104, top: 104, side: 16 }],
  [16, 48, { left: 22, top: 22, side: 3 }],
  [224, 48, { left: 0, top: 0, side: 48 }],
  [1, 48, { left: 23, top: 23, side: 1 }],
])('a patch of %d on an image of %d', (size, imageSize, box) => {
  expect(centredBox(size, imageSize)).toEqual(box);
});
