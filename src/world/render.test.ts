import { expect, test } from 'vitest';

import type { AtlasStyle, EmojiAtlas } from './atlas.js';
import type { Background } from './background.js';
import { renderScene } from './render.js';
import type { Scene } from './scene.js';

const styles: readonly AtlasStyle[] = [
  { name: 'color', role: 'seen', words: [] },
  { name: 'mono', role: 'monochrome', words: [] },
];

/** An atlas of one sprite, 4 by 4: [40 x, 40 y, 7] over alpha 255, but for a clear pixel and a half clear one. */
const side = 4;
const sprite = Uint8Array.from(
  Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    if (x === 1 && y === 0) return [0, 0, 0, 0];
    if (x === 2 && y === 0) return [80, 0, 7, 102]; // 102 of 255 is 0.4
    return [40 * x, 40 * y, 7, 255];
  }).flat(),
);
const atlas: EmojiAtlas = {
  sha256: '0',
  side,
  names: [{ name: 'thing', task: 'a', tags: [] }],
  styles,
  entry: () => ({ name: 'thing', task: 'a', tags: [] }),
  style: (style) => styles.find(({ name }) => name === style) ?? styles[0],
  sprite: () => sprite,
};

const flat: Background = {
  kind: 'flat',
  color: 'red',
  first: [200, 100, 50],
  second: [0, 0, 0],
  angle: 0,
  stripes: 1,
  grain: 0,
};
const plain: Scene = {
  name: 'thing',
  style: 'color',
  background: flat,
  scale: 1,
  shift: [0, 0],
  rotation: 0,
  flipped: false,
  tint: { gain: [1, 1, 1], saturation: 1, offset: 0 },
  rendition: 'color',
  ink: [10, 20, 30],
};

function pixels(scene: Scene, size = side): number[][][] {
  const { data } = renderScene(atlas, scene, size);
  return Array.from({ length: size }, (_, y) =>
    Array.from({ length: size }, (__, x) => [...data.subarray((y * size + x) * 3, (y * size + x + 1) * 3)]),
  );
}

/** What stands at (x, y) of the unchanged scene. */
function expected(x: number, y: number): number[] {
  if (x === 1 && y === 0) return [200, 100, 50];
  if (x === 2 && y === 0) return [80 + 0.6 * 200, 0.6 * 100, 7 + 0.6 * 50];
  return [40 * x, 40 * y, 7];
}

function grid(at: (x: number, y: number) => number[]): number[][][] {
  return Array.from({ length: side }, (_, y) => Array.from({ length: side }, (__, x) => at(x, y)));
}

test('a sprite as large as the image is laid over the background pixel by pixel', () => {
  expect(pixels(plain)).toEqual(grid(expected));
});

test('flipped, it is mirrored', () => {
  expect(pixels({ ...plain, flipped: true })).toEqual(grid((x, y) => expected(3 - x, y)));
});

test('a quarter turn: clockwise, as rows run downwards', () => {
  expect(pixels({ ...plain, rotation: Math.PI / 2 })).toEqual(grid((x, y) => expected(y, 3 - x)));
});

test('a shift of a pixel: half the image is 1', () => {
  const shifted = pixels({ ...plain, shift: [0.5, 0] });
  expect(shifted.map((row) => row[0])).toEqual(new Array(4).fill([200, 100, 50]));
  expect(shifted.map((row) => row[1])).toEqual(grid(expected).map((row) => row[0]));
});

test('at half the size it fills the middle, every pixel the mean of four', () => {
  const small = pixels({ ...plain, scale: 0.5 });
  expect(small[0]).toEqual(new Array(4).fill([200, 100, 50]));
  expect(small.map((row) => row[3])).toEqual(new Array(4).fill([200, 100, 50]));
  expect(small[2][2]).toEqual([100, 100, 7]); // columns 2, 3 and rows 2, 3
});

test('between two pixels there is their mean, and at the border less of it', () => {
  const moved = pixels({ ...plain, shift: [0.25, 0] });
  expect(moved[2][1]).toEqual([20, 80, 7]);
  expect(moved[2][0]).toEqual([100, 90, Math.round(3.5 + 25) - 1]); // 28.5, to even
});

test('tint: saturation about the mean, then gain, then offset, kept below alpha', () => {
  const tint = { gain: [2, 1, 1], saturation: 0, offset: 10 } as const;
  // (3, 3): 120, 120, 7 have the mean 82⅓
  expect(pixels({ ...plain, tint })[3][3]).toEqual([175, 92, 92]);
  // (2, 0): 80, 0, 7 have the mean 29; alpha 102 scales the offset to 4
  expect(pixels({ ...plain, tint })[0][2]).toEqual([62 + 120, 33 + 60, 33 + 30]);
  expect(pixels({ ...plain, tint: { gain: [9, 9, 9], saturation: 1, offset: 0 } })[3][3]).toEqual([255, 255, 63]);
});

test('grey takes the colour of all', () => {
  for (const row of pixels({ ...plain, rendition: 'grey' })) {
    for (const [red, green, blue] of row) expect([green, blue]).toEqual([red, red]);
  }
  // 0.299 · 200 + 0.587 · 100 + 0.114 · 50
  expect(pixels({ ...plain, rendition: 'grey' })[0][1][0]).toBe(124);
});

test('the monochrome style and silhouettes are drawn in ink, as far as alpha goes', () => {
  for (const scene of [{ ...plain, style: 'mono' }, { ...plain, rendition: 'silhouette' } as const]) {
    const inked = pixels(scene);
    expect(inked[3][3]).toEqual([10, 20, 30]);
    expect(inked[0][1]).toEqual([200, 100, 50]);
    expect(inked[0][2]).toEqual([4 + 120, 8 + 60, 12 + 30]);
  }
});

test('an outline leaves out what is even, a drawing fills what is dark', () => {
  const big = 16;
  // left half white, right half black, all of it opaque
  const halves = Uint8Array.from(
    Array.from({ length: big * big }, (_, i) => [...new Array<number>(3).fill(i % big < 8 ? 255 : 0), 255]).flat(),
  );
  const split: EmojiAtlas = { ...atlas, side: big, sprite: () => halves };
  const row = (rendition: 'outline' | 'drawing'): string => {
    const { data } = renderScene(split, { ...plain, rendition }, big);
    return Array.from({ length: big }, (_, x) => (data[(8 * big + x) * 3] === 10 ? '#' : '.')).join('');
  };
  // an edge around the sprite, where alpha ends, and one between the halves
  expect(row('outline')).toBe('#......##......#');
  expect(row('drawing')).toBe('#......#########');
});

test('backgrounds: gradients run from the one colour to the other, stripes have both, noise both and all between', () => {
  const behind = (kind: Background['kind']): number[] => {
    const background: Background = { ...flat, kind, first: [0, 0, 0], second: [240, 240, 240], stripes: 2 };
    // a sprite moved out of sight
    return pixels({ ...plain, background, shift: [9, 9] }, 8)[3].map(([red]) => red);
  };
  // the middles of 8 pixels are at ±1/8, ±3/8 … of half the image: 120 + 240 x / (2 √2), x = -7/8 …
  const gradient = [-7, -5, -3, -1, 1, 3, 5, 7].map((x) => Math.round(120 + (240 * x) / 8 / (2 * Math.SQRT2)));
  expect(behind('gradient')).toEqual(gradient);
  // sin(2πx) is above 0 in the second and the fourth quarter
  expect(behind('stripes')).toEqual([240, 240, 0, 0, 240, 240, 0, 0]);
  const noise = behind('noise');
  expect(new Set(noise).size).toBeGreaterThan(5);
  expect(Math.max(...noise)).toBeLessThanOrEqual(240);
  expect(behind('noise')).toEqual(noise);
});
