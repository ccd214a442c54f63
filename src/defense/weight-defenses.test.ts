import { describe, expect, test } from 'vitest';

import { tinyArchitecture } from '../../test/support/tiny-clip.js';
import { silentProgress } from '../core/progress.js';
import { raster } from '../core/raster.js';
import type { PairSource } from '../data/pair-source.js';
import { clipPreprocess } from '../data/preprocess.js';
import { byteTokenizer } from '../model/tokenizer.js';
import { randomWeights, type ClipWeights } from '../model/weights.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import { Random } from '../tensor/random.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import { cleanClip } from './clean-clip.js';
import type { Defended, DefenseInput, DefenseState, DefenseStep } from './defense.js';
import { par } from './par.js';

const text = { ...tinyArchitecture.text, vocabularySize: 258, contextLength: 12 };
const weights = randomWeights({ ...tinyArchitecture, text }, 3);
const { imageSize: side } = tinyArchitecture.vision;

function noise(name: string): Uint8Array {
  const random = Random.stream(9, name);
  return Uint8Array.from({ length: 3 * side * side }, () => random.below(256));
}

/** 13 pairs: three batches of four an epoch. */
const pairs: PairSource = {
  count: 13,
  key: (index) => `pair ${index}`,
  caption: (index) => `a ${'bcdefghijklmn'[index]} c`,
  image: (index) => Promise.resolve(raster(side, side, noise(`pair ${index}`))),
};

const labels = Array.from({ length: 13 }, (_, i) => i % 3);
const textFeatures = tensor([3, tinyArchitecture.embedDim], [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0.6, 0.8]);

function inputWithoutPairs(): DefenseInput {
  return {
    runtime: new OnnxRuntime({ threads: 1 }),
    weights,
    tokenizer: byteTokenizer(text),
    preprocess: clipPreprocess(side),
    textFeatures,
    images: () => ({
      labels,
      async *load(order, view, batch) {
        for (let at = 0; at < order.length; at += batch) {
          const indices = order.slice(at, at + batch);
          const pixelValues = tensor([indices.length, 3, side, side]);
          indices.forEach((index, i) => {
            pixelValues.data.set(
              Float32Array.from(noise(`image ${index} ${view}`), (byte) => byte / 128 - 1),
              i * 3 * side * side,
            );
          });
          yield await Promise.resolve({ pixelValues, indices });
        }
      },
    }),
    seed: 6,
    progress: silentProgress,
  };
}

function input(more: Partial<DefenseInput> = {}): DefenseInput {
  return { ...inputWithoutPairs(), pairs, ...more };
}

async function weightsOf({ model }: Defended): Promise<Map<string, Float32Array>> {
  if (model.kind !== 'weights') throw new Error(`a model of kind ${model.kind}`);
  return readAll(model.weights);
}

async function readAll(model: ClipWeights): Promise<Map<string, Float32Array>> {
  const all = new Map<string, Float32Array>();
  for (const name of model.shapes.keys()) all.set(name, await model.read(name));
  return all;
}

const passes = { epochs: 2, batchSize: 4, learningRate: 1e-2 };
const everyWeight = [...weights.shapes.keys()];
const butTemperature = everyWeight.filter((name) => name !== 'logit_scale');
const sizeOfAll = (names: readonly string[]): number =>
  names.reduce((sum, name) => sum + (weights.shapes.get(name) ?? []).reduce((a, b) => a * b, 1), 0);

describe.each([
  { entry: cleanClip, settings: passes, needs: 'pairs', trains: everyWeight, terms: ['cross', 'self'] },
  {
    entry: par,
    settings: passes,
    needs: 'pairs',
    trains: butTemperature,
    terms: ['infonce', 'image_distance', 'text_distance'],
  },
] as const)('$entry.name', ({ entry, settings, needs, trains, terms }) => {
  test('trains what it says and nothing else, and tells every step', async () => {
    const steps: DefenseStep[] = [];
    const defense = entry.create(settings);
    const onStep = (step: DefenseStep): Promise<void> => {
      steps.push(step);
      return Promise.resolve();
    };
    const defended = await defense.run(input({ onStep }));
    expect(defense.needs).toBe(needs);
    expect(defended.steps).toBe(6);
    expect(defended.trainableParameters).toBe(sizeOfAll(trains));
    expect(steps.map(({ step, epoch }) => [step, epoch])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 1],
      [5, 1],
      [6, 1],
    ]);
    for (const step of steps) expect(Object.keys(step.terms ?? {})).toEqual(terms);
    const [before, after] = [await readAll(weights), await weightsOf(defended)];
    const moved = [...after].filter(([name, values]) => values.some((value, i) => value !== before.get(name)?.[i]));
    expect(moved.map(([name]) => name)).toEqual(trains);
  });

  test('stopped in the middle of an epoch and gone on with, it ends in the same bits', async () => {
    const defense = entry.create(settings);
    const whole = await weightsOf(await defense.run(input()));
    let saved: DefenseState | undefined;
    const onStep = ({ step }: DefenseStep, state: () => DefenseState): Promise<void> => {
      if (step === 4) {
        const tensors = [...state().tensors].map(([name, { shape, data }]): [string, Tensor] => [
          name,
          { shape, data: data.slice() },
        ]);
        saved = { step, tensors: new Map(tensors) };
      }
      return step < 4 ? Promise.resolve() : Promise.reject(new Error('stopped'));
    };
    await expect(defense.run(input({ onStep }))).rejects.toThrow('stopped');
    if (saved === undefined) throw new Error('nothing was saved');
    expect(await weightsOf(await defense.run(input({ from: saved })))).toEqual(whole);
  });

  test('another seed, other weights', async () => {
    const defense = entry.create(settings);
    const [one, other] = [await defense.run(input()), await defense.run(input({ seed: 7 }))];
    expect(await weightsOf(one)).not.toEqual(await weightsOf(other));
  });
});

test.each([
  { entry: cleanClip, settings: passes },
  { entry: par, settings: passes },
])('$entry.name says which data it lacks', async ({ entry, settings }) => {
  await expect(entry.create(settings).run(inputWithoutPairs())).rejects.toThrow(
    `defend by ${entry.name}: expected clean image-caption pairs to train on, got none. Give a list of them`,
  );
  await expect(entry.create({ ...settings, batchSize: 14 }).run(input())).rejects.toThrow('a batch of at most 13');
});
