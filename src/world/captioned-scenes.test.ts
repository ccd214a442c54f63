import { beforeAll, expect, test } from 'vitest';

import { loadEmojiAtlas } from '../node/emoji-atlas.js';
import type { EmojiAtlas } from './atlas.js';
import { captionedScenes } from './captioned-scenes.js';

let atlas: EmojiAtlas;
beforeAll(async () => {
  atlas = await loadEmojiAtlas();
});

const options = { names: ['banana', 'ice cream'], perName: 3, captions: 4, seed: 1 };

test('every scene has its captions, and each names it', () => {
  const scenes = captionedScenes(atlas, options);
  expect(scenes.map(({ key }) => key)).toEqual(
    ['banana', 'ice_cream'].flatMap((file) => [0, 1, 2].map((i) => `${file}/000${i}`)),
  );
  for (const scene of scenes) {
    const { name, captions } = scene;
    expect(captions).toHaveLength(4);
    for (const caption of captions) expect(caption).toContain(name);
    expect(scene.image()).toMatchObject({ width: 48, height: 48 });
  }
});

test('the seed decides them, and more scenes leave the first as they were', () => {
  const scenes = captionedScenes(atlas, options);
  const more = captionedScenes(atlas, { ...options, perName: 5 });
  expect(more[0].captions).toEqual(scenes[0].captions);
  expect(more[5].image()).toEqual(scenes[3].image());
  const other = captionedScenes(atlas, { ...options, seed: 2 });
  expect(other[0].image()).not.toEqual(scenes[0].image());
});

test('a name that the atlas lacks is refused', () => {
  expect(() => captionedScenes(atlas, { ...options, names: ['zeppelin'] })).toThrow('zeppelin');
});
