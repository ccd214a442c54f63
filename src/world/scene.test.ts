import fc from 'fast-check';
import { expect, test } from 'vitest';

import { loadEmojiAtlas } from '../node/emoji-atlas.js';
import { Random } from '../tensor/random.js';
import { backgroundKinds } from './background.js';
import { colorNames, luma, namedColors, type Rgb } from './colors.js';
import { renderScene } from './render.js';
import { difficulties, drawScene, trainingScenes, type Scene, type SceneSettings } from './scene.js';
import { inkings } from './stamp.js';

const atlas = await loadEmojiAtlas();
const banana = { name: 'banana', style: 'noto' };

function draw(seed: number, settings: SceneSettings = trainingScenes, style = 'noto'): Scene {
  return drawScene(atlas, { name: 'banana', style }, settings, Random.stream(seed, 'test/scene'));
}

function shareOf(holds: (scene: Scene) => boolean, settings?: SceneSettings, style?: string): number {
  const count = 2000;
  return Array.from({ length: count }, (_, seed) => draw(seed, settings, style)).filter(holds).length / count;
}

test('the same stream gives the same scene and pixels, another one others', () => {
  expect(draw(1)).toEqual(draw(1));
  expect(renderScene(atlas, draw(1)).data).toEqual(renderScene(atlas, draw(1)).data);
  expect(renderScene(atlas, draw(1)).data).not.toEqual(renderScene(atlas, draw(2)).data);
});

test('scenes keep to their settings', () => {
  const difficulty = fc.constantFrom(...Object.values(difficulties));
  fc.assert(
    fc.property(fc.integer(), difficulty, (seed, settings) => {
      const scene = draw(seed, settings);
      expect(scene.scale).toBeGreaterThanOrEqual(settings.scale[0]);
      expect(scene.scale).toBeLessThanOrEqual(settings.scale[1]);
      expect(Math.abs(scene.rotation)).toBeLessThanOrEqual((settings.rotation * Math.PI) / 180);
      for (const offset of scene.shift) expect(Math.abs(offset)).toBeLessThanOrEqual(Math.max(0.03, 1 - scene.scale));
      for (const gain of scene.tint.gain) expect(Math.abs(gain - 1)).toBeLessThanOrEqual(1.5 * settings.jitter);
      expect(Math.abs(scene.tint.saturation - 1)).toBeLessThanOrEqual(1.5 * settings.jitter);
      expect(Math.abs(scene.tint.offset)).toBeLessThanOrEqual(0.3 * settings.jitter * 255);
      expect(scene.rendition).toBe('color');
    }),
  );
});

test('without jitter the colours are the artist’s', () => {
  const { gain, saturation, offset } = draw(3, { ...trainingScenes, jitter: 0 }).tint;
  expect([...gain, saturation, Math.abs(offset)]).toEqual([1, 1, 1, 1, 0]);
});

// of 2,000 draws a share strays by 0.011 (one standard deviation) at most
test('flips, renditions, kinds and colours come in their shares', () => {
  expect(shareOf(({ flipped }) => flipped)).toBeCloseTo(0.5, 1);
  expect(shareOf(({ rendition }) => rendition === 'grey')).toBeCloseTo(0.2, 1);
  for (const inking of inkings) expect(shareOf(({ rendition }) => rendition === inking)).toBeCloseTo(0.05, 1);
  for (const kind of backgroundKinds)
    expect(shareOf(({ background }) => background.kind === kind)).toBeCloseTo(1 / 4, 1);
  for (const color of colorNames) expect(shareOf(({ background }) => background.color === color)).toBeGreaterThan(0.06);
  expect(shareOf(({ rendition }) => rendition === 'grey', { ...trainingScenes, grey: 1 })).toBe(1);
});

test('the monochrome style is never made grey or inked again', () => {
  const style = 'fluent-emoji-high-contrast';
  expect(shareOf(({ rendition }) => rendition !== 'color', { ...trainingScenes, grey: 0.5, ink: 0.5 }, style)).toBe(0);
});

test('a background is the colour it is called', () => {
  const distance = (a: Rgb, b: Rgb): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const { color, first } = draw(seed).background;
      const nearest = [...colorNames].sort((a, b) => distance(first, namedColors[a]) - distance(first, namedColors[b]));
      expect(nearest[0]).toBe(color);
    }),
  );
});

test('ink stands out from the middle of its background', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const { ink, background } = draw(seed);
      const middle = (luma(background.first) + luma(background.second)) / 2;
      expect(Math.abs(luma(ink) - middle)).toBeGreaterThan(50);
    }),
  );
});

test('names and styles that the atlas lacks are refused', () => {
  const random = Random.stream(0, 'test');
  expect(() => drawScene(atlas, { ...banana, name: 'bananna' }, trainingScenes, random)).toThrow(
    'Did you mean banana?',
  );
  expect(() => drawScene(atlas, { ...banana, style: 'notto' }, trainingScenes, random)).toThrow(/Did you mean noto/);
});
