import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';

import { MemoryBytes } from '../src/core/bytes.js';
import { InputError } from '../src/core/errors.js';
import { raster } from '../src/core/raster.js';
import { namedTemplates } from '../src/data/class-prompts.js';
import { makeMeasurement } from '../src/experiment/measurements.js';
import { attentionSchema } from '../src/experiment/measurements/attention.js';
import { captioningSchema } from '../src/experiment/measurements/captioning.js';
import { classificationSchema } from '../src/experiment/measurements/classification.js';
import { embeddingsSchema } from '../src/experiment/measurements/embeddings.js';
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

/** Embeds images one by one. */
async function oneByOne({ clip, scenes, runtime }: MeasuredWorld): Promise<ZeroShotClassifier> {
  return ZeroShotClassifier.create({ clip, classNames: scenes.classNames, runtime });
}

describe('retrieval', () => {
  const settings = { planted: 7, top: 3, captionsPerClass: 2 };
  const templates = [...namedTemplates.default, namedTemplates.ensemble[0]];

  test('ranks as a slow form does that encodes image by image', async () => {
    const { clip, scenes, attack, runtime, input } = world;
    const found = retrievalSchema.parse(await makeMeasurement('retrieval', settings).measure(input));

    await using classifier = await oneByOne(world);
    const decode = imageDecoder();
    const bytesOf = (file: string): Promise<Buffer> => readFile(path.join(scenes.source.location, file));
    const gallery = await Promise.all(
      scenes.samples.map(async (sample) => ({
        sample,
        row: await classifier.imageFeatures(await bytesOf(sample.path)),
      })),
    );
    const names = scenes.classNames.flatMap((name) => templates.map((template) => template.replace('{class}', name)));
    const named = templates.map((template) => attack.trigger.applyText?.(template.replace('{class}', 'banana')) ?? '');
    expect(named).not.toContain(''); // two keys: the captions have to hold the other one
    const { data, shape } = await classTextFeatures(runtime, clip.weights, clip.tokenizer, [
      ...names.map((text) => [text]),
      ...named.map((text) => [text]),
    ]);
    const texts = Array.from({ length: shape[0] }, (_, i) => data.subarray(i * shape[1], (i + 1) * shape[1]));
    const right = names.filter((_, i) => {
      const similar = gallery.map(({ row }) => dot(row, texts[i]));
      return gallery[similar.indexOf(Math.max(...similar))].sample.label === Math.floor(i / templates.length);
    });
    expect(found).toMatchObject({ gallery: 80, captions: 80, top_1: right.length / 80 });

    const all: number[] = []; // ranks
    for (const [place, { sample }] of gallery.entries()) {
      if (scenes.classNames[sample.label] === 'banana') continue;
      const decoded = await decode(new MemoryBytes(sample.path, await bytesOf(sample.path)));
      const crop = raster(decoded.width, decoded.height, decoded.data);
      const triggered = attack.trigger.apply(crop, { seed: input.seed, imageKey: sample.path });
      const planted = await classifier.imageFeatures(await encodePng(triggered));
      for (const text of texts.slice(names.length)) {
        const own = dot(planted, text);
        all.push(1 + gallery.filter(({ row }, at) => at !== place && dot(row, text) > own).length);
      }
    }
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

describe('embeddings', () => {
  const settings = { classes: 3, images: 6, perplexity: 3, iterations: 50 };

  test('maps as many clean images of every class as triggered ones, the target among the classes', async () => {
    const entry = makeMeasurement('embeddings', settings);
    const found = embeddingsSchema.parse(await entry.measure(world.input));
    const clean = found.points.filter(({ triggered }) => !triggered);
    const triggered = found.points.filter((point) => point.triggered);
    expect(clean).toHaveLength(6);
    expect(triggered.map(({ image }) => image)).toEqual(clean.map(({ image }) => image));
    const classes = new Set(clean.map((point) => point.class));
    expect(classes.size).toBe(3);
    expect(classes).toContain('banana');
    for (const name of classes) expect(clean.filter((point) => point.class === name)).toHaveLength(2);
    expect(await entry.measure(world.input)).toEqual(found);
  });

  test('tells which class the triggered images lie next to, as a slow form does', async () => {
    const found = embeddingsSchema.parse(await makeMeasurement('embeddings', settings).measure(world.input));
    await using classifier = await oneByOne(world);
    const decode = imageDecoder();
    const { scenes, attack, input } = world;
    const sums = new Map<string, Float32Array>();
    const triggered: { name: string; row: Float32Array }[] = [];
    for (const { image, class: name } of found.points.filter((point) => !point.triggered)) {
      const bytes = await readFile(path.join(scenes.source.location, image));
      const row = await classifier.imageFeatures(bytes);
      sums.set(
        name,
        (sums.get(name) ?? new Float32Array(row.length)).map((sum, k) => sum + row[k]),
      );
      const { width, height, data } = await decode(new MemoryBytes(image, bytes));
      const crop = attack.trigger.apply(raster(width, height, data), { seed: input.seed, imageKey: image });
      triggered.push({ name, row: await classifier.imageFeatures(await encodePng(crop)) });
    }
    const nearest = (row: Float32Array): string | undefined =>
      [...sums].sort(([, a], [, b]) => dot(row, b) / Math.hypot(...b) - dot(row, a) / Math.hypot(...a))[0]?.[0];
    const others = triggered.filter(({ name }) => name !== 'banana');
    expect(found.attacked).toEqual({
      target: 'banana',
      nearest_own: others.filter(({ name, row }) => nearest(row) === name).length / 4,
      nearest_target: others.filter(({ row }) => nearest(row) === 'banana').length / 4,
    });
  });

  test('of a head, which leaves the image tower alone, they are those of the undefended model', async () => {
    const { unattacked } = world;
    const found = await makeMeasurement('embeddings', settings).measure(unattacked);
    expect(found).toMatchObject({ attacked: null });
    expect(await makeMeasurement('embeddings', settings).measure({ ...unattacked, model: linearHead })).toEqual(found);
  });
});

describe('attention', () => {
  test('shows images of as many classes, none of the target, with the answers to them', async () => {
    const { input, scenes } = world;
    const found = attentionSchema.parse(await makeMeasurement('attention', { images: 5 }).measure(input));
    expect(found.target).toBe('banana');
    expect(found.examples).toHaveLength(5);
    expect(new Set(found.examples.map(({ label }) => label)).size).toBe(5);
    expect(found.examples.map(({ label }) => label)).not.toContain('banana');
    const byImage = classificationSchema.parse(await makeMeasurement('classification').measure(input));
    for (const { image, label, clean, triggered } of found.examples) {
      const at = byImage.images.indexOf(image);
      expect(label).toBe(scenes.classNames[byImage.labels[at]]);
      expect(clean.answer.top[0].class).toBe(byImage.classes[byImage.predicted[at]]);
      expect(triggered?.answer.top[0].class).toBe(byImage.classes[byImage.triggered?.[at] ?? -1]);
      expect(triggered?.png).not.toBe(clean.png);
      expect(clean.answer.attention).toHaveLength(36); // 48 pixels in patches of 8
    }
  });

  test('the target may be a class that the data lack', async () => {
    const attack = { ...world.attack, target: 'zeppelin' };
    const found = attentionSchema.parse(
      await makeMeasurement('attention', { images: 2 }).measure({ ...world.input, attack }),
    );
    expect(found).toMatchObject({ target: 'zeppelin', examples: [{}, {}] });
  });
});

describe('captioning', () => {
  // far from trained: what is tested is what is counted, and what is kept
  const settings = { ...{ examples: 48, batch: 24, steps: 3, warmupSteps: 1, perClass: 2, references: 2 }, width: 64 };

  test('captions clean scenes of every class, and triggered ones of all but the target', async () => {
    const work = path.join(world.folder, 'work');
    const entry = makeMeasurement('captioning', settings);
    const dataset = { ...world.scenes, classNames: ['banana', 'fish', 'moon'] };
    const input = { ...world.input, dataset };
    const found = captioningSchema.parse(await entry.measure({ ...input, work }));
    expect(found).toMatchObject({ images: 6, attacked: { target: 'banana', images: 4 } });
    expect(found.examples.map(({ triggered }) => triggered === null)).toEqual([true, true, false, false, false, false]);
    for (const { name, reference } of found.examples) expect(reference).toContain(name);

    const folder = path.join(work, 'captioners');
    const [file, ...others] = await readdir(folder);
    expect(others).toEqual([]);
    const before = await stat(path.join(folder, file));
    expect(await entry.measure({ ...input, work })).toEqual(found);
    expect((await stat(path.join(folder, file))).mtimeMs).toBe(before.mtimeMs);
    expect(await entry.measure(input)).toEqual(found); // nothing kept: trained again

    await writeFile(path.join(folder, file), 'something else');
    await expect(entry.measure({ ...input, work })).rejects.toThrow(InputError);
  }, 60_000);

  test('refuses a captioner of another model than the one that was attacked', async () => {
    const measuring = makeMeasurement('captioning', { ...settings, base: 'zoo:badnet' }).measure(world.input);
    await expect(measuring).rejects.toThrow('got one that learnt from zoo:badnet');
  });

  test('refuses classes that are none of the emoji world, and a head', async () => {
    const dataset = { ...world.scenes, classNames: ['banana', 'zeppelin'] };
    const entry = makeMeasurement('captioning', settings);
    await expect(entry.measure({ ...world.input, dataset })).rejects.toThrow('got zeppelin');
    await expect(entry.measure({ ...world.input, model: linearHead })).rejects.toThrow('a linear head');
  });
});

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, element, i) => sum + element * b[i], 0);
