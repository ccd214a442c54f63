import { expect, it } from 'vitest';

import { raster } from '../../core/raster.js';
import { fromPatches, issbaPatches, stretchBilinear } from './issba-images.js';
import { secretBits } from './issba-secret.js';

it('cuts an image into patches of 8 by 8, left to right and down, and joins them again', () => {
  const image = raster(
    48,
    48,
    Uint8Array.from({ length: 48 * 48 * 3 }, (_, i) => (i * 31) % 256),
  );
  const patches = issbaPatches(image);
  const at = (x: number, y: number, channel: number): number =>
    Math.fround(image.data[(y * 48 + x) * 3 + channel] / 255);
  // [patch][pixel][channel]: patch 1 begins at x = 8, patch 6 at y = 8
  expect(patches[0]).toBe(at(0, 0, 0));
  expect(patches[8 * 3 + 2]).toBe(at(0, 1, 2));
  expect(patches[192 + 3 + 1]).toBe(at(9, 0, 1));
  expect(patches[6 * 192 + 63 * 3]).toBe(at(7, 15, 0));
  expect(patches[35 * 192 + 63 * 3 + 2]).toBe(at(47, 47, 2));
  expect(fromPatches(patches)).toEqual(Float32Array.from(image.data, (value) => Math.fround(value / 255)));
});

it('squashes images of other sizes first', () => {
  const gray = raster(7, 100, new Uint8Array(2100).fill(51));
  expect(issbaPatches(gray)).toEqual(new Float32Array(6912).fill(0.2));
});

it('stretches bilinearly: pixel centres on pixel centres, borders repeated', () => {
  const of = (...values: number[]): Float32Array => Float32Array.from(values.flatMap((value) => [value, -value, 0]));
  const red = (values: Float32Array): number[] => [...values].filter((_, i) => i % 3 === 0);
  expect(stretchBilinear(of(1, 2, 3, 4), 2, 2, 2)).toEqual(of(1, 2, 3, 4));
  // centres of 4 lie at -1/4, 1/4, 3/4, 5/4 of the 2
  expect(red(stretchBilinear(of(0, 8, 16, 32), 2, 4, 2))).toEqual([0, 2, 6, 8, 16, 20, 28, 32]);
  expect(red(stretchBilinear(of(0, 8, 16, 32), 2, 1, 4))).toEqual([4, 9, 19, 24]);
  expect(red(stretchBilinear(of(0, 8, 16, 32), 2, 1, 1))).toEqual([14]);
});

// test vectors of the hash's authors
it.each([
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['foobar', 0xbf9cf968],
])('%j stands for the bits of its FNV-1a hash', (text, hash) => {
  const written = secretBits(text).map((bit) => (bit === 1 ? '1' : '0'));
  expect(Number.parseInt(written.join(''), 2)).toBe(hash);
});
