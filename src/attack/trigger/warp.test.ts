import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { raster } from '../../core/raster.js';
import { toByte } from './levels.js';
import { enlarge, warp } from './warp.js';

const golden = z
  .object({ grid: z.array(z.number()), enlarged: z.array(z.number()), warped: z.array(z.number()) })
  .parse(JSON.parse(readFileSync('test/golden/triggers/pytorch.json', 'utf8')));

test('a grid is enlarged as PyTorch does it', () => {
  const enlarged = enlarge(Float64Array.from(golden.grid), 4, 9, 7);
  expect(enlarged).toHaveLength(63);
  enlarged.forEach((value, i) => {
    expect(value).toBeCloseTo(golden.enlarged[i], 5);
  });
});

test('a quarter of the way from 0 to 1 along, the cubic kernel gives 0.2265625', () => {
  // weights at −1.25, −0.25, 0.75, 1.75 with a = −0.75: −0.10546875, 0.87890625, 0.26171875, −0.03515625
  const row = enlarge(Float64Array.of(0, 1, 0, 1), 2, 5, 2).subarray(0, 5);
  expect(Array.from(row)).toEqual([0, 0.2265625, 0.5, 0.7734375, 1]);
});

test('a field as large as the image is the field itself', () => {
  const field = Float64Array.from({ length: 16 }, (_, i) => Math.sin(i));
  expect(enlarge(field, 4, 4, 4)).toEqual(field);
});

test('an image is read where PyTorch reads it', () => {
  const image = raster(
    9,
    7,
    Uint8Array.from({ length: 189 }, (_, i) => 4 * Math.floor(i / 3)),
  );
  const field = Float64Array.from(golden.enlarged);
  const { data } = warp(image, { x: field.map((u) => 0.1 * u), y: field.map((u) => -0.2 * u) }, toByte.round);
  golden.warped.forEach((level, pixel) => {
    for (let channel = 0; channel < 3; channel++)
      expect(Math.abs(data[3 * pixel + channel] - level)).toBeLessThan(0.501);
  });
});

test('a shift of a whole pixel moves the image and repeats its border', () => {
  const image = raster(3, 1, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
  // from its first pixel to its last an image is 2 units and here 2 pixels wide
  const { data } = warp(image, { x: Float64Array.of(1, 1, 1), y: new Float64Array(3) }, toByte.round);
  expect(Array.from(data)).toEqual([4, 5, 6, 7, 8, 9, 7, 8, 9]);
});
