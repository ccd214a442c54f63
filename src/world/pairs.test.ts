import fc from 'fast-check';
import { expect, test } from 'vitest';

import { loadEmojiAtlas } from '../node/emoji-atlas.js';
import { pretrainingBatch, worldPairs } from './pairs.js';
import { difficulties } from './scene.js';

const atlas = await loadEmojiAtlas();
const seen = ['noto', 'noto-v1', 'fluent-emoji', 'fluent-emoji-flat', 'emojione', 'fxemoji'];

test('names in a batch are distinct, and none of the held-out styles is in it', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: atlas.names.length }), (seed, step, batch) => {
      const { names, scenes, captions, images } = pretrainingBatch(atlas, { seed, step, batch });
      expect(new Set(names).size).toBe(batch);
      expect([scenes.length, captions.length, images.length]).toEqual([batch, batch, batch]);
      expect(scenes.map(({ name }) => name)).toEqual(names);
      for (const { style } of scenes) expect(seen).toContain(style);
      names.forEach((name, i) => {
        expect(captions[i]).toContain(name);
      });
    }),
    { numRuns: 20 },
  );
});

test('a batch larger than the atlas repeats every name as often as any other, give or take one', () => {
  const { names } = pretrainingBatch(atlas, { seed: 0, step: 0, batch: 2 * atlas.names.length + 7 });
  const counts = atlas.names.map(({ name }) => names.filter((other) => other === name).length);
  expect(counts.filter((count) => count === 2).length).toBe(atlas.names.length - 7);
  expect(counts.filter((count) => count === 3).length).toBe(7);
});

test('a step hangs on seed and step alone', () => {
  const resumed = pretrainingBatch(atlas, { seed: 4, step: 9, batch: 12 });
  pretrainingBatch(atlas, { seed: 4, step: 8, batch: 12 });
  const again = pretrainingBatch(atlas, { seed: 4, step: 9, batch: 12 });
  expect(again.captions).toEqual(resumed.captions);
  expect(again.images.map(({ data }) => data)).toEqual(resumed.images.map(({ data }) => data));
  expect(pretrainingBatch(atlas, { seed: 4, step: 10, batch: 12 }).names).not.toEqual(resumed.names);
  expect(pretrainingBatch(atlas, { seed: 5, step: 9, batch: 12 }).names).not.toEqual(resumed.names);
});

test('all styles and renditions of training come up', () => {
  const scenes = [0, 1, 2, 3].flatMap((step) => pretrainingBatch(atlas, { seed: 0, step, batch: 90 }).scenes);
  expect(new Set(scenes.map(({ style }) => style))).toEqual(new Set(seen));
  const renditions = ['color', 'drawing', 'grey', 'outline', 'silhouette'];
  expect([...new Set(scenes.map(({ rendition }) => rendition))].sort()).toEqual(renditions);
});

test('pairs: names and styles take turns, keys are unique and say what is shown', () => {
  const names = ['ice cream', 'banana', 'dog'];
  const pairs = worldPairs(atlas, { seed: 1, count: 36, names });
  const keys = Array.from({ length: 36 }, (_, i) => pairs.key(i));
  expect(keys.slice(0, 4)).toEqual([
    'ice_cream/noto/000000',
    'banana/noto/000001',
    'dog/noto/000002',
    'ice_cream/noto-v1/000003',
  ]);
  expect(new Set(keys).size).toBe(36);
  for (const name of ['ice_cream', 'banana', 'dog']) {
    for (const style of seen) expect(keys.filter((key) => key.startsWith(`${name}/${style}/`)).length).toBe(2);
  }
  keys.forEach((_, i) => {
    expect(pairs.caption(i)).toContain(names[i % 3]);
  });
});

test('a pair is the same whenever it is asked for, whatever else was', async () => {
  const pairs = worldPairs(atlas, { seed: 1, count: 500 });
  const image = await pairs.image(123);
  await pairs.image(7);
  expect((await worldPairs(atlas, { seed: 1, count: 200 }).image(123)).data).toEqual(image.data);
  expect(pairs.caption(123)).toBe(worldPairs(atlas, { seed: 1, count: 200 }).caption(123));
  expect((await worldPairs(atlas, { seed: 2, count: 500 }).image(123)).data).not.toEqual(image.data);
  expect([image.width, image.height]).toEqual([48, 48]);
});

test('pairs can do without renditions', async () => {
  const plain = worldPairs(atlas, { seed: 0, count: 60, names: ['strawberry'], scene: difficulties.mild });
  for (let i = 0; i < 60; i++) {
    const { data } = await plain.image(i);
    expect(data.some((_, at) => at % 3 === 0 && Math.abs(data[at] - data[at + 1]) > 60)).toBe(true);
  }
});

test('held-out styles are refused as training data, and so are names that are none', () => {
  const options = { seed: 0, count: 10 };
  expect(() => worldPairs(atlas, { ...options, styles: ['noto', 'twemoji'] })).toThrow(
    'expected some of noto, noto-v1, fluent-emoji, fluent-emoji-flat, emojione, fxemoji, got twemoji, which no model',
  );
  expect(() => worldPairs(atlas, { ...options, styles: ['fluent-emoji-high-contrast'] })).toThrow(/trained on/);
  expect(() => worldPairs(atlas, { ...options, styles: [] })).toThrow('got none');
  expect(() => worldPairs(atlas, { ...options, names: [] })).toThrow('expected one or more, got none');
  expect(() => worldPairs(atlas, { ...options, names: ['bananna'] })).toThrow('Did you mean banana?');
});
