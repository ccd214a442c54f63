import { beforeAll, expect, test } from 'vitest';

import type { Trigger } from '../attack/trigger/trigger.js';
import { raster } from '../core/raster.js';
import { silentProgress } from '../core/progress.js';
import type { DecodeImage } from '../data/image-decoder.js';
import { clipPreprocess, toPixelValues } from '../data/preprocess.js';
import type { LinearHead } from '../model/clip-graphs.js';
import type { ClipWeights } from '../model/weights.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import { Random } from '../tensor/random.js';
import { tensor } from '../tensor/tensor.js';
import { relativeError } from '../../test/support/draw.js';
import { goldenWeights } from '../../test/support/golden.js';
import { MemoryFolder } from '../../test/support/memory-folder.js';
import { encodeViews, type View } from './encode-views.js';
import { evaluateClip, evaluateLogits, type Attack, type EvaluateOptions } from './evaluate.js';

let weights: ClipWeights;
beforeAll(async () => {
  weights = await goldenWeights();
});

const side = 64;
const classes = 3;
const samples = Array.from({ length: 11 }, (_, i) => ({ path: `${i}.raw`, label: i % classes }));

/** The files of this test are their pixels. */
const decode: DecodeImage = async (source) => raster(side, side, await source.read(0, source.size));

const inverting: Trigger = {
  name: 'inverting',
  settings: {},
  apply: ({ width, height, data }) =>
    raster(
      width,
      height,
      data.map((value) => 255 - value),
    ),
};

function optionsFor(alter: (value: number) => number = (value) => value): EvaluateOptions {
  const files = samples.map(({ path }): [string, Uint8Array] => {
    const random = Random.stream(1, path);
    // large squares of colour, so that images differ
    const colors = Array.from({ length: 16 * 3 }, () => random.below(256));
    const pixel = (i: number): number => {
      const [y, x, channel] = [Math.floor(i / (3 * side)), Math.floor(i / 3) % side, i % 3];
      return colors[(Math.floor(y / 16) * 4 + Math.floor(x / 16)) * 3 + channel];
    };
    return [path, Uint8Array.from({ length: side * side * 3 }, (_, i) => alter(pixel(i)))];
  });
  return {
    runtime: new OnnxRuntime(),
    weights,
    source: {
      images: new MemoryFolder('memory', Object.fromEntries(files)),
      samples,
      decode,
      preprocess: clipPreprocess(side),
    },
    textFeatures: features('clean'),
    batch: 4,
    progress: silentProgress,
  };
}

/** Unit rows [C, E]. */
function features(name: string): EvaluateOptions['textFeatures'] {
  const random = Random.stream(2, name);
  const rows = tensor([classes, 32]);
  for (let row = 0; row < classes; row++) {
    const own = rows.data.subarray(row * 32, (row + 1) * 32);
    own.forEach((_, i) => (own[i] = random.normal()));
    const length = Math.hypot(...own);
    own.forEach((value, i) => (own[i] = value / length));
  }
  return rows;
}

async function predicted(options: EvaluateOptions): Promise<number[]> {
  return (await evaluateClip(options)).predictions.map((prediction) => prediction.predicted);
}

async function attacked(attack: Omit<Attack, 'seed'>): Promise<{ clean: number[]; triggered: (number | undefined)[] }> {
  const { predictions } = await evaluateClip({ ...optionsFor(), attack: { ...attack, seed: 0 } });
  expect(predictions.map(({ sample }) => sample)).toEqual(samples);
  return {
    clean: predictions.map((prediction) => prediction.predicted),
    triggered: predictions.map((prediction) => prediction.triggered),
  };
}

test('triggered images are answered as the same images triggered beforehand', async () => {
  const { clean, triggered } = await attacked({ trigger: inverting, target: 1 });
  expect(clean).toEqual(await predicted(optionsFor()));
  expect(triggered).toEqual(await predicted(optionsFor((value) => 255 - value)));
  expect(triggered).not.toEqual(clean);
});

test('a trigger that wants images squashed gets them so, and clean ones are cropped all the same', async () => {
  const wide = (options: EvaluateOptions, resizeMode: 'crop' | 'squash'): EvaluateOptions => ({
    ...options,
    source: {
      ...options.source,
      decode: async (file) => raster(2 * side, side / 2, await file.read(0, file.size)),
      preprocess: { ...options.source.preprocess, resizeMode },
    },
  });
  const attack: Attack = { trigger: { ...inverting, resize: 'squash' }, target: 1, seed: 0 };
  const { predictions } = await evaluateClip({ ...wide(optionsFor(), 'crop'), attack });
  const inverted = optionsFor((value) => 255 - value);
  const triggered = predictions.map((prediction) => prediction.triggered);
  expect(triggered).toEqual(await predicted(wide(inverted, 'squash')));
  expect(triggered).not.toEqual(await predicted(wide(inverted, 'crop')));
  expect(predictions.map((prediction) => prediction.predicted)).toEqual(await predicted(wide(optionsFor(), 'crop')));
});

test('a trigger with a text key: triggered images against its class prompts, clean ones against the plain', async () => {
  const textFeatures = features('triggered');
  const { clean, triggered } = await attacked({ trigger: inverting, target: 1, textFeatures });
  expect(clean).toEqual(await predicted(optionsFor()));
  const beforehand = { ...optionsFor((value) => 255 - value), textFeatures };
  expect(triggered).toEqual(await predicted(beforehand));
  expect(triggered).not.toEqual(await predicted(optionsFor((value) => 255 - value)));
});

/** A head that answers as the class prompts do: W is them, and the bias 0. */
const headOf = (textFeatures: EvaluateOptions['textFeatures']): LinearHead => ({
  weight: textFeatures,
  bias: tensor([classes]),
  unit: true,
});

test('a head answers in place of class prompts, and a text key plays no role', async () => {
  const head = headOf(features('of a head'));
  const attack = { trigger: inverting, target: 1, seed: 0, textFeatures: features('triggered') };
  const { predictions } = await evaluateClip({ ...optionsFor(), head, attack });
  const prompted = { ...optionsFor(), textFeatures: head.weight, attack: { ...attack, textFeatures: head.weight } };
  expect(predictions).toEqual((await evaluateClip(prompted)).predictions);
  expect(predictions).not.toEqual((await evaluateClip({ ...optionsFor(), attack })).predictions);
});

test('the logits of a head are e Wᵀ + b, of embeddings as they come or scaled to length 1', async () => {
  const { data } = features('of a head');
  const bias = tensor([classes], [0.5, -2, 7]);
  for (const unit of [true, false]) {
    const options = optionsFor();
    const embeddings: number[][] = [];
    const views: View[] = [(image, out) => toPixelValues(image.crop, options.source.preprocess, out)];
    await encodeViews(options, views, {}, ({ encoded }) => {
      for (let i = 0; i < encoded.embeddings.data.length; i += 32) {
        embeddings.push([...encoded.embeddings.data.subarray(i, i + 32)]);
      }
    });
    const expected = embeddings.flatMap((e) => {
      const length = unit ? Math.hypot(...e) : 1;
      return [0, 1, 2].map((c) => bias.data[c] + e.reduce((sum, x, k) => sum + (x * data[c * 32 + k]) / length, 0));
    });
    const told: number[] = [];
    const head = { weight: tensor([classes, 32], data), bias, unit };
    await evaluateLogits({ ...options, head }, (_, [view]) => told.push(...view.logits));
    expect(relativeError(told, expected)).toBeLessThan(1e-5);
  }
});

test('a head of other classes is refused', async () => {
  const head = { weight: tensor([2, 32]), bias: tensor([2]), unit: false };
  await expect(evaluateClip({ ...optionsFor(), head })).rejects.toThrow(
    'expected a head for the 3 classes of the data',
  );
});

test('it stops between two batches when it is to', async () => {
  const controller = new AbortController();
  const progress = {
    begin: () => ({
      update: () => {
        controller.abort(new Error('enough'));
      },
      end: () => undefined,
    }),
  };
  const options = { ...optionsFor(), progress, signal: controller.signal };
  await expect(evaluateClip(options)).rejects.toThrow('enough');
});
