import fc from 'fast-check';
import { expect, test } from 'vitest';

import { loadEmojiAtlas } from '../node/emoji-atlas.js';
import { pretrainingBatch, worldPairs } from './pairs.js';
import { renderScene } from './render.js';
import { difficulties, type Scene } from './scene.js';
import { stylesIn } from './styles.js';
import { taskDataset, taskSplits, taskStream, type TaskOptions } from './task-dataset.js';

const atlas = await loadEmojiAtlas();
const options: TaskOptions = { split: 'test', perClass: 2, styles: stylesIn(atlas, 'seen'), seed: 0 };

const pixelsOf = (scene: Scene): string => Buffer.from(renderScene(atlas, scene).data).toString('base64');

test('classes of both tasks, as their folders are listed', () => {
  const a = taskDataset(atlas, 'a', options);
  const b = taskDataset(atlas, 'b', options);
  expect([a.classNames.length, b.classNames.length]).toEqual([40, 30]);
  expect(a.classNames.slice(0, 4)).toEqual(['airplane', 'alarm clock', 'banana', 'bicycle']);
  expect(a.classNames.filter((name) => b.classNames.includes(name))).toEqual([]);
  for (const { path, label, scene } of a.scenes) {
    expect(path.split('/')[0].replaceAll('_', ' ')).toBe(a.classNames[label]);
    expect(scene.name).toBe(a.classNames[label]);
  }
  expect(new Set(a.scenes.map(({ path }) => path)).size).toBe(80);
});

test('the same options give the same scenes; more scenes a class keep the first', () => {
  const few = taskDataset(atlas, 'a', options);
  const many = taskDataset(atlas, 'a', { ...options, perClass: 5 });
  expect(taskDataset(atlas, 'a', options)).toEqual(few);
  expect(many.scenes.filter(({ path }) => few.scenes.some((scene) => scene.path === path))).toEqual(few.scenes);
  expect(taskDataset(atlas, 'a', { ...options, seed: 1 }).scenes).not.toEqual(few.scenes);
});

test('styles take turns, and classes begin with different ones', () => {
  const { scenes } = taskDataset(atlas, 'b', { ...options, perClass: 1 });
  for (const style of options.styles) expect(scenes.filter(({ scene }) => scene.style === style).length).toBe(5);
  const unseen = taskDataset(atlas, 'a', { ...options, styles: stylesIn(atlas, 'unseen') });
  expect(new Set(unseen.scenes.map(({ scene }) => scene.style))).toEqual(new Set(['twemoji']));
  const mono = taskDataset(atlas, 'a', { ...options, styles: stylesIn(atlas, 'mono') });
  expect(new Set(mono.scenes.map(({ scene }) => scene.style))).toEqual(new Set(['fluent-emoji-high-contrast']));
  expect(stylesIn(atlas, 'all').length).toBe(8);
});

test('an atlas without the task or the styles is refused', () => {
  const poor = {
    ...atlas,
    names: atlas.names.filter(({ task }) => task !== 'b'),
    styles: atlas.styles.filter(({ role }) => role === 'seen').slice(0, 1),
  };
  expect(() => taskDataset(poor, 'b', options)).toThrow(
    'classes of task b: expected an emoji atlas with names of that',
  );
  expect(() => stylesIn(poor, 'unseen')).toThrow('expected one whose role is unseen, got noto (seen).');
});

test('no two splits draw from one stream, and none from a stream of training', () => {
  const file = fc.constantFrom('banana/0000-noto.png', 'banana/0001-noto.png', 'train/0000.png', 'test/a/0.png');
  fc.assert(
    fc.property(file, file, (one, other) => {
      const streams = taskSplits.map((split, i) => taskStream('a', split, i === 0 ? one : other));
      expect(new Set(streams).size).toBe(3);
      for (const stream of streams) expect(stream).toMatch(/^world\/task\//);
    }),
  );
});

test('no image is in two splits, nor in what models are trained on, for equal seeds and others', async () => {
  const seen = new Map<string, string>();
  const add = (pixels: string, where: string): void => {
    expect(seen.get(pixels), where).toBeUndefined();
    seen.set(pixels, where);
  };
  for (const split of taskSplits) {
    for (const seed of [0, 1]) {
      const { scenes } = taskDataset(atlas, 'a', { ...options, split, seed, perClass: 3 });
      for (const { path, scene } of scenes) add(pixelsOf(scene), `${split} ${seed} ${path}`);
    }
  }
  pretrainingBatch(atlas, { seed: 0, step: 0, batch: 300, scene: difficulties.mild }).scenes.forEach((scene, i) => {
    add(pixelsOf(scene), `pretraining ${i}`);
  });
  const pairs = worldPairs(atlas, { seed: 0, count: 300, scene: difficulties.mild });
  for (let i = 0; i < 300; i++) {
    const { data } = await pairs.image(i);
    add(Buffer.from(data).toString('base64'), `pairs ${i}`);
  }
  expect(seen.size).toBe(3 * 2 * 120 + 600);
});
