import { expect, test } from 'vitest';

import { raster } from '../core/raster.js';
import { perturbedPixels } from './perturb-view.js';

const side = 40;
/** Grey 128: 0.50196 of 1. With mean 0.5 and deviation 0.25 that is (0.50196 − 0.5) / 0.25 = 0.00784. */
const gray = raster(side, side, new Uint8Array(3 * side * side).fill(128));
const preprocess = {
  imageSize: side,
  resizeTo: side,
  resizeMode: 'crop',
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
} as const;
const plain = (128 / 255 - 0.5) / 0.25;

function view(number: number, seed = 1): Float32Array {
  const out = new Float32Array(3 * side * side);
  perturbedPixels(gray, preprocess, { seed, imageKey: 'a', view: number }, out);
  return out;
}
const views = Array.from({ length: 400 }, (_, i) => view(i));
const share = (of: (pixels: Float32Array) => boolean): number => views.filter(of).length / views.length;
const erasedIn = (pixels: Float32Array): number[] => [...pixels.keys()].filter((at) => pixels[at] === 0);
const noisy = (pixels: Float32Array): boolean => pixels.some((value) => value > plain + 1e-3);

test('noise half of the time, erasing half of the time, each for itself', () => {
  expect(share(noisy)).toBeCloseTo(0.5, 1);
  expect(share((pixels) => erasedIn(pixels).length > 0)).toBeCloseTo(0.5, 1);
  expect(share((pixels) => noisy(pixels) && erasedIn(pixels).length > 0)).toBeCloseTo(0.25, 1);
});

test('noise only brightens: half of the values stay, the rest move as a half normal, none beyond white', () => {
  const pixels = views.filter((candidate) => noisy(candidate) && erasedIn(candidate).length === 0);
  const added = pixels.flatMap((candidate) => [...candidate]).map((value) => (value - plain) * 0.25);
  expect(Math.min(...added.slice(0, 50_000))).toBeGreaterThan(-1e-6);
  const still = added.filter((value) => Math.abs(value) < 1e-6).length / added.length;
  expect(still).toBeCloseTo(0.5, 2);
  // mean of max(0, N(0, 0.2)) is 0.2 / √(2 π) = 0.0798; the cut at white takes off 0.0006
  expect(added.reduce((sum, value) => sum + value, 0) / added.length).toBeCloseTo(0.0792, 3);
  const white = (1 - 0.5) / 0.25;
  expect(pixels.every((candidate) => candidate.every((value) => value <= white + 1e-6))).toBe(true);
});

test('one square of 0.5 to 1 % of the image is erased, in all channels alike', () => {
  const sides = new Set<number>();
  for (const pixels of views) {
    const erased = erasedIn(pixels);
    if (erased.length === 0) continue;
    const places = [0, 1, 2].map((channel) =>
      erased.filter((at) => Math.floor(at / side ** 2) === channel).map((at) => at % side ** 2),
    );
    expect(places[1]).toEqual(places[0]);
    expect(places[2]).toEqual(places[0]);
    const length = Math.sqrt(places[0].length);
    const corner = places[0][0];
    const square = Array.from({ length: length ** 2 }, (_, i) => corner + Math.floor(i / length) * side + (i % length));
    expect(places[0]).toEqual(square);
    sides.add(length);
  }
  // √(0.005 · 1600) = 2.8, √(0.01 · 1600) = 4
  expect([...sides].sort()).toEqual([3, 4]);
});

test('hangs on seed, image and view alone', () => {
  const some = [0, 1, 2, 3].map((number) => view(number));
  expect(some).toEqual(views.slice(0, 4));
  expect([0, 1, 2, 3].map((number) => view(number, 2))).not.toEqual(some);
});
