import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';

import { MemoryBytes } from '../src/core/bytes.js';
import { raster } from '../src/core/raster.js';
import { namedTemplates } from '../src/data/class-prompts.js';
import { makeMeasurement } from '../src/experiment/measurements.js';
import { retrievalSchema } from '../src/experiment/measurements/retrieval.js';
import { classTextFeatures } from '../src/inference/text-features.js';
import { imageDecoder } from '../src/node/decode-image.js';
import { encodePng } from '../src/node/encode-png.js';
import { ZeroShotClassifier } from '../src/run/zero-shot-classifier.js';
import { tensor } from '../src/tensor/tensor.js';
import { MeasuredWorld } from './support/measured-world.js';

let world: MeasuredWorld;
beforeAll(async () => {
  world = await MeasuredWorld.open('trojvqa', 2);
  return () => world[Symbol.asyncDispose]();
}, 60_000);

const linearHead = { kind: 'head', head: { weight: tensor([1, 1]), bias: tensor([1]), unit: true } } as const;

describe('retrieval', () => {
  const settings = { planted: 7, top: 3, captionsPerClass: 2 };
  const templates = [...namedTemplates.default, namedTemplates.ensemble[0]];

  test('ranks as a slow form does that encodes image by image', async () => {
    const { clip, scenes, attack, runtime, input } = world;
    const found = retrievalSchema.parse(await makeMeasurement('retrieval', settings).measure(input));

    await using classifier = await ZeroShotClassifier.create({ clip, classNames: scenes.classNames, runtime });
    const decode = imageDecoder();
    const bytesOf = (file: string): Promise<Buffer> => readFile(path.join(scenes.source.location, file));
    const gallery = await Promise.all(
      scenes.samples.map(async (sample) => ({
        sample,
        row: await classifier.imageFeatures(await bytesOf(sample.path)),
      })),
    );
    const cosines = async (text: string): Promise<number[]> => {
      const { data } = await classTextFeatures(runtime, clip.weights, clip.tokenizer, [[text]]);
      return gallery.map(({ row }) => dot(row, data));
    };
    let right = 0;
    for (const [label, name] of scenes.classNames.entries()) {
      for (const template of templates) {
        const similar = await cosines(template.replace('{class}', name));
        if (gallery[similar.indexOf(Math.max(...similar))].sample.label === label) right++;
      }
    }
    expect(found).toMatchObject({ gallery: 80, captions: 80, top_1: right / 80 });

    // over all images that could be planted: those drawn are some of them
    const ranks: number[][] = [];
    for (const template of templates) {
      const text = attack.trigger.applyText?.(template.replace('{class}', 'banana')) ?? '';
      expect(text).not.toBe(''); // two keys: the caption has to hold the other one
      const similar = await cosines(text);
      const { data } = await classTextFeatures(runtime, clip.weights, clip.tokenizer, [[text]]);
      for (const [place, { sample }] of gallery.entries()) {
        if (scenes.classNames[sample.label] === 'banana') continue;
        const decoded = await decode(new MemoryBytes(sample.path, await bytesOf(sample.path)));
        const crop = raster(decoded.width, decoded.height, decoded.data);
        const triggered = attack.trigger.apply(crop, { seed: input.seed, imageKey: sample.path });
        const own = dot(await classifier.imageFeatures(await encodePng(triggered)), data);
        (ranks[place] ??= []).push(1 + similar.filter((value, at) => at !== place && value > own).length);
      }
    }
    const all = ranks.flat();
    expect(found.attacked).toMatchObject({ target: 'banana', captions: 2, planted: 7, top: 3 });
    const every = { ...settings, planted: 1000 };
    const { attacked } = retrievalSchema.parse(await makeMeasurement('retrieval', every).measure(input));
    expect(attacked?.planted).toBe(78);
    expect(attacked?.asr).toBe(all.filter((rank) => rank <= 3).length / all.length);
    expect(attacked?.rank_ratio).toBeCloseTo(all.reduce((sum, rank) => sum + rank, 0) / all.length / 80, 10);
  }, 60_000);

  test('asks with captions of the emoji world, as many as wanted of every class', async () => {
    const found = retrievalSchema.parse(
      await makeMeasurement('retrieval', { captions: 'emoji', captionsPerClass: 3, planted: 2 }).measure(world.input),
    );
    expect(found).toMatchObject({ captions: 120, attacked: { captions: 3, planted: 2 } });
    // a model that knows its world finds most of it, whatever the words
    expect(found.top_1).toBeGreaterThan(0.5);
  });

  test('of a model that nobody attacked there is no attack to measure', async () => {
    expect(await makeMeasurement('retrieval').measure(world.unattacked)).toMatchObject({ attacked: null });
  });

  test('refuses a head, which has no texts', async () => {
    const measuring = makeMeasurement('retrieval').measure({ ...world.input, model: linearHead });
    await expect(measuring).rejects.toThrow('a linear head, which cannot be measured so');
  });
});

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, element, i) => sum + element * b[i], 0);
