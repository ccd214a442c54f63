import { expect, test } from 'vitest';

import { raster } from '../../core/raster.js';
import { wanet } from './wanet.js';

/** Black on the left, white on the right: a level is a place. */
function ramp(side: number): Uint8Array {
  return Uint8Array.from({ length: side * side * 3 }, (_, i) =>
    Math.round((255 * (Math.floor(i / 3) % side)) / (side - 1)),
  );
}

/** How far to the right pixels are read, in levels of the ramp. */
function shifts(side: number, settings: object, seed = 0): number[] {
  const before = ramp(side);
  const { data } = wanet.create(settings).apply(raster(side, side, before), { seed, imageKey: 'a' });
  return Array.from({ length: side * side }, (_, i) => data[3 * i] - before[3 * i]);
}

test('the warp scales with the image', () => {
  const small = shifts(49, { strength: 30 });
  const large = shifts(97, { strength: 30 });
  expect(Math.max(...small.map(Math.abs))).toBeGreaterThan(20);
  small.forEach((shift, i) => {
    const [x, y] = [i % 49, Math.floor(i / 49)];
    expect(Math.abs(shift - large[2 * y * 97 + 2 * x])).toBeLessThanOrEqual(2); // four roundings
  });
});

test('a strength of 2 shifts by one of 224 pixels in the mean over the control points', () => {
  const [k, side] = [224, 224];
  const inner = shifts(side, { grid: k, strength: 40 }).filter((_, i) => i % side > 50 && i % side < 173);
  const mean = inner.reduce((sum, shift) => sum + Math.abs(shift), 0) / inner.length;
  // uniform deviates reach twice their mean magnitude: half of 40 of 224 pixels
  expect(mean * (223 / 255)).toBeCloseTo(20 * (223 / 224), 0);
  expect(Math.max(...inner) * (223 / 255)).toBeLessThan(41);
});

test('the field is the pattern’s, not the run’s', () => {
  expect(shifts(32, {}, 1)).toEqual(shifts(32, {}, 0));
  expect(shifts(32, { pattern: 1 })).not.toEqual(shifts(32, {}));
});
