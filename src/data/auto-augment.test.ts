import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { raster, type Raster } from '../core/raster.js';
import { autoAugment, imageOperations } from './auto-augment.js';

const golden = z
  .object({
    images: z.record(z.string(), z.object({ width: z.int(), height: z.int(), bytes: z.string() })),
    results: z.array(
      z.object({
        image: z.string(),
        operation: z.string(),
        magnitude: z.number(),
        bytes: z.string(),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL('../../test/golden/auto-augment/pillow.json', import.meta.url), 'utf8')));

const hex = ({ data }: Raster): string => Buffer.from(data).toString('hex');
function goldenImage(name: string): Raster {
  const { width, height, bytes } = golden.images[name];
  return raster(width, height, new Uint8Array(Buffer.from(bytes, 'hex')));
}
const operationNames = Object.keys(imageOperations);

test.each(Object.entries(imageOperations))('%s gives the bytes that Pillow gives', (name, operation) => {
  const cases = golden.results.filter((result) => result.operation === name);
  expect(cases.length).toBeGreaterThan(0);
  for (const { image, magnitude, bytes: expected } of cases) {
    const given = goldenImage(image);
    expect(hex(operation(given, magnitude)), `${image}, ${magnitude}`).toBe(expected);
    expect(given).toEqual(goldenImage(image));
  }
});

test('the golden file speaks of every operation', () => {
  expect([...new Set(golden.results.map(({ operation }) => operation))].sort()).toEqual([...operationNames].sort());
});

/** One row of pixels, all channels alike. */
const row = (...levels: number[]): Raster =>
  raster(levels.length, 1, Uint8Array.from(levels.flatMap((level) => [level, level, level])));
const levelsOf = ({ data }: Raster): number[] => [...data].filter((_, at) => at % 3 === 0);

test('by hand: posterize, solarize, stretch, contrast, colour', () => {
  const { posterize, solarize, autoContrast, contrast, color } = imageOperations;
  expect(levelsOf(posterize(row(0, 15, 16, 200, 255), 4))).toEqual([0, 0, 16, 192, 240]);
  expect(levelsOf(solarize(row(169, 170, 171, 255), 170))).toEqual([169, 85, 84, 0]);
  expect(levelsOf(autoContrast(row(100, 110, 120), 0))).toEqual([0, 127, 255]);
  expect(levelsOf(autoContrast(row(9, 9), 0))).toEqual([9, 9]);
  expect(levelsOf(contrast(row(50, 150), 0.5))).toEqual([75, 125]); // around the mean, 100
  expect(levelsOf(contrast(row(50, 150), 3))).toEqual([0, 250]);
  // pure red is luma 76: 255 · 19595 / 65536
  expect([...color(raster(1, 1, Uint8Array.of(255, 0, 0)), 0).data]).toEqual([76, 76, 76]);
});

test('draws by seed, image and view alone, with the probabilities of the policy', () => {
  const image = goldenImage('large');
  const draw = (seed: number, imageKey: string, view: number): string =>
    hex(autoAugment(image, { seed, imageKey, view }));
  expect(draw(1, 'a', 0)).toBe(draw(1, 'a', 0));
  const views = Array.from({ length: 2000 }, (_, i) => draw(1, 'a', i));
  for (const others of [
    Array.from({ length: 20 }, (_, i) => draw(2, 'a', i)),
    Array.from({ length: 20 }, (_, i) => draw(1, 'b', i)),
  ]) {
    expect(others).not.toEqual(views.slice(0, 20));
  }
  const share = (pixels: string): number => views.filter((other) => other === pixels).length / views.length;
  // over the 25 pairs, the chances that neither operation is carried out sum to 4 (colour at level 0 changes nothing);
  // of 2000 draws 0.16 has a deviation of 0.008
  expect(Math.abs(share(hex(image)) - 4 / 25)).toBeLessThan(0.03);
  // turns go both ways equally often: by 30° alone in 0.6 · 0.6 of one pair and 0.4 · 0.4 of another
  for (const degrees of [30, -30]) {
    const turned = hex(imageOperations.rotate(image, degrees));
    expect(Math.abs(share(turned) - (0.5 * (0.6 * 0.6 + 0.4 * 0.4)) / 25)).toBeLessThan(0.01);
  }
});
