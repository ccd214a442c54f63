import { describe, expect, test } from 'vitest';

import { defenseInput } from '../../test/support/defense-input.js';
import { settingsHelp } from '../core/catalog.js';
import { raster } from '../core/raster.js';
import type { PairSource } from '../data/pair-source.js';
import type { ClipWeights } from '../model/weights.js';
import { Random } from '../tensor/random.js';
import type { Tensor } from '../tensor/tensor.js';
import { cleanClip } from './clean-clip.js';
import type { Defended, DefenseInput, DefenseState, DefenseStep } from './defense.js';
import {
  fineTuneCrossEntropy,
  fineTuneCrossEntropyRepelling,
  fineTuneInfoNce,
  fineTuneInfoNceRepelling,
} from './fine-tuning.js';
import { par } from './par.js';

const labels = Array.from({ length: 13 }, (_, i) => i % 3);
const withoutPairs = defenseInput(labels, 3);
const { weights } = withoutPairs;
const { imageSize: side } = weights.architecture.vision;

/** 13 pairs, as there are 13 images: three batches of four an epoch. */
const pairs: PairSource = {
  count: 13,
  key: (index) => `pair ${index}`,
  caption: (index) => `a ${'bcdefghijklmn'[index]} c`,
  image: (index) => {
    const random = Random.stream(9, `pair ${index}`);
    return Promise.resolve(
      raster(
        side,
        side,
        Uint8Array.from({ length: 3 * side * side }, () => random.below(256)),
      ),
    );
  },
};

const input = (more: Partial<DefenseInput> = {}): DefenseInput => ({ ...withoutPairs, pairs, ...more });

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
const vision = everyWeight.filter((name) => name.startsWith('vision.'));
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
  { entry: fineTuneCrossEntropy, settings: passes, needs: 'images', trains: vision, terms: ['ce'] },
  { entry: fineTuneCrossEntropyRepelling, settings: passes, needs: 'images', trains: vision, terms: ['ce', 'fr'] },
  { entry: fineTuneInfoNce, settings: passes, needs: 'pairs', trains: everyWeight, terms: ['infonce'] },
  { entry: fineTuneInfoNceRepelling, settings: passes, needs: 'pairs', trains: everyWeight, terms: ['infonce', 'fr'] },
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
  { entry: fineTuneInfoNce, settings: passes },
])('$entry.name says which data it lacks', async ({ entry, settings }) => {
  await expect(entry.create(settings).run(withoutPairs)).rejects.toThrow(
    `defend by ${entry.name}: expected clean image-caption pairs to train on, got none. Give a list of them`,
  );
  await expect(entry.create({ ...settings, batchSize: 14 }).run(input())).rejects.toThrow('a batch of at most 13');
});

test('fewer images than a batch are one batch; none are refused', async () => {
  const few = await fineTuneCrossEntropy.create({ ...passes, batchSize: 64 }).run(input());
  expect(few.steps).toBe(2);
  const none = fineTuneCrossEntropy.create(passes).run({ ...input(), ...defenseInput([], 3) });
  await expect(none).rejects.toThrow('defend by finetune-ce: expected labelled images to train on, got none');
});

test('repelling takes the class tokens away from where they were', async () => {
  const lastTerm = async (alpha: number): Promise<number> => {
    let fr = Number.NaN;
    const defense = fineTuneCrossEntropyRepelling.create({ ...passes, epochs: 8, alpha });
    await defense.run(
      input({
        onStep: ({ terms }) => {
          fr = terms?.['fr'] ?? Number.NaN;
          return Promise.resolve();
        },
      }),
    );
    return fr;
  };
  expect(await lastTerm(4)).toBeLessThan((await lastTerm(1e-6)) - 0.2);
});

test('the warm-up is a tenth of the steps unless it is given; each setting has a default and a description', async () => {
  const ratesOf = async (settings: Readonly<Record<string, unknown>>): Promise<number[]> => {
    const rates: number[] = [];
    const onStep = ({ learningRate }: DefenseStep): Promise<void> => {
      rates.push(learningRate);
      return Promise.resolve();
    };
    await fineTuneInfoNce.create({ ...passes, ...settings }).run(input({ onStep }));
    return rates;
  };
  // 6 steps: no warm-up, so the cosine starts at the top
  expect((await ratesOf({}))[0]).toBe(1e-2);
  expect((await ratesOf({ epochs: 10 })).slice(0, 4)).toEqual([1e-2 / 3, 2e-2 / 3, 1e-2, 1e-2]);
  expect((await ratesOf({ warmup: 2 })).slice(0, 3)).toEqual([5e-3, 1e-2, 1e-2]);
  for (const entry of [cleanClip, par, fineTuneCrossEntropyRepelling, fineTuneInfoNceRepelling]) {
    expect(settingsHelp(entry).map(({ name }) => name)).toEqual(Object.keys(entry.create().settings));
  }
});
