import fc from 'fast-check';
import { expect, test } from 'vitest';

import { loadEmojiAtlas } from '../node/emoji-atlas.js';
import { Random } from '../tensor/random.js';
import { backgroundWords } from './background.js';
import { captionOf, captionTexts } from './captions.js';
import { colorNames } from './colors.js';
import { drawScene, trainingScenes, type Scene } from './scene.js';

const atlas = await loadEmojiAtlas();

function sceneOf(seed: number, name?: string): Scene {
  const random = Random.stream(seed, 'test/captions');
  const drawn = atlas.names[random.below(atlas.names.length)].name;
  const style = atlas.styles[random.below(6)].name;
  return drawScene(atlas, { name: name ?? drawn, style }, trainingScenes, random);
}

/** Many captions of one scene. */
function captionsOf(scene: Scene, count = 400): string[] {
  const random = Random.stream(0, 'test/captions/of');
  return Array.from({ length: count }, () => captionOf(atlas, scene, random));
}

const words = (text: string): string[] => text.split(/[ ,.]+/).filter((word) => word !== '');

test('a caption names the thing and no other', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const scene = sceneOf(seed);
      const caption = captionOf(atlas, scene, Random.stream(seed, 'caption'));
      expect(` ${words(caption).join(' ')} `).toContain(` ${scene.name} `);
      const others = atlas.names.filter(({ name }) => name !== scene.name);
      expect(others.filter(({ name }) => ` ${words(caption).join(' ')} `.includes(` ${name} `))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('what it says of the background is so', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const scene = sceneOf(seed);
      const { background, rendition } = scene;
      for (const caption of captionsOf(scene, 20)) {
        const place = / on an? (.*) background/.exec(caption)?.[1].split(' ') ?? [];
        for (const word of place) expect([background.color, backgroundWords[background.kind]]).toContain(word);
        // a grey image shows no colour
        if (rendition === 'grey') expect(colorNames.filter((color) => place.includes(color))).toEqual([]);
      }
    }),
    { numRuns: 40 },
  );
});

test('a quarter are the class prompt, half of the others name the background, a third the style', () => {
  const scene = { ...sceneOf(1, 'banana'), style: 'fluent-emoji', rendition: 'color' } as const;
  const captions = captionsOf(scene, 4000);
  const share = (holds: (caption: string) => boolean): number => captions.filter(holds).length / captions.length;
  // "a photo of a banana." also comes about word by word: ¾ · 1/7 · ½ · .65 · ½ · .85 · ½ = 0.0074
  expect(share((caption) => caption === 'a photo of a banana.')).toBeCloseTo(0.25, 1);
  expect(share((caption) => caption.endsWith('background') || caption.includes(' background'))).toBeCloseTo(0.375, 1);
  expect(share((caption) => caption.includes(' glossy banana'))).toBeCloseTo(0.2625, 1);
  expect(share((caption) => caption.includes(', fruit'))).toBeCloseTo(0.1125, 1);
});

test('renditions are called what they are', () => {
  const said = (rendition: Scene['rendition']): string => captionsOf({ ...sceneOf(2, 'banana'), rendition }).join(' ');
  expect(said('grey')).toMatch(/gray banana/);
  expect(said('outline')).toMatch(/black and white banana.*outlined banana|outlined banana.*black and white banana/);
  expect(said('drawing')).toMatch(/drawn banana/);
  expect(said('silhouette')).toMatch(/filled banana/);
});

test('articles fit: an octopus, an hourglass, scissors without one', () => {
  const said = (name: string): string =>
    captionsOf({ ...sceneOf(3, name), style: 'noto', rendition: 'color' })
      .filter((caption) => !caption.startsWith('a photo of a'))
      .join('\n');
  expect(said('octopus')).toMatch(/\ban octopus\b/);
  expect(said('octopus')).not.toMatch(/\ba octopus\b/);
  expect(said('hourglass')).not.toMatch(/\ba hourglass\b/);
  expect(said('scissors')).not.toMatch(/\ba (cartoon )?scissors\b/);
  expect(said('cactus')).toMatch(/\ba cactus\b/);
});

test('the texts for the tokenizer have every word that a caption can have', () => {
  const known = new Set(captionTexts(atlas).flatMap(words));
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const caption = captionOf(atlas, sceneOf(seed), Random.stream(seed, 'caption'));
      expect(words(caption).filter((word) => !known.has(word))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
