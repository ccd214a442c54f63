import { describe, expect, it } from 'vitest';

import { raster, type Raster } from '../../core/raster.js';
import { badnet } from './badnet.js';

const KEY = { seed: 3, imageKey: 'a' };

/** An image of one colour. */
function plain(width: number, height: number, colour: readonly [number, number, number]): Raster {
  return raster(
    width,
    height,
    Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]),
  );
}

/** The box around all pixels that differ: left, top, width, height. */
function changedBox(before: Raster, after: Raster): number[] {
  const xs: number[] = [];
  const ys: number[] = [];
  before.data.forEach((value, i) => {
    if (after.data[i] === value) return;
    xs.push(Math.floor(i / 3) % before.width);
    ys.push(Math.floor(i / 3 / before.width));
  });
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left + 1, Math.max(...ys) - top + 1];
}

function share(image: Raster, channel: number, byte: number): number {
  const hits = image.data.filter((value, i) => i % 3 === channel && value === byte);
  return hits.length / (image.width * image.height);
}

describe('badnet', () => {
  it.each([
    ['top-left', [0, 0, 16, 16]],
    ['top-right', [208, 0, 16, 16]],
    ['bottom-left', [0, 208, 16, 16]],
    ['bottom-right', [208, 208, 16, 16]],
    ['center', [104, 104, 16, 16]],
  ])('lies at %s', (place, box) => {
    const image = plain(224, 224, [90, 91, 92]);
    expect(changedBox(image, badnet.create({ place }).apply(image, KEY))).toEqual(box);
  });

  it.each([
    [64, 64, 16, 5], // 16 · 64 / 224 = 4.57
    [336, 336, 16, 24],
    [100, 448, 32, 14], // the shorter side counts: 32 · 100 / 224 = 14.29
    [10, 10, 224, 10],
    [20, 20, 1, 1],
  ])('on %i by %i pixels, size %i is %i pixels', (width, height, size, side) => {
    const image = plain(width, height, [90, 91, 92]);
    expect(changedBox(image, badnet.create({ size, place: 'top-left' }).apply(image, KEY))).toEqual([0, 0, side, side]);
  });

  it('goes to every place that it can at random, by image and by seed', () => {
    const image = plain(6, 4, [90, 91, 92]);
    const trigger = badnet.create({ size: 112 }); // 2 pixels, so 5 by 3 places
    const places = (keyOf: (i: number) => { seed: number; imageKey: string }) =>
      new Set(
        Array.from({ length: 300 }, (_, i) =>
          changedBox(image, trigger.apply(image, keyOf(i)))
            .slice(0, 2)
            .join(),
        ),
      );
    expect(places((i) => ({ seed: 1, imageKey: `image ${i}` })).size).toBe(15);
    expect(places((i) => ({ seed: i, imageKey: 'image' })).size).toBe(15);
  });

  it('is normal noise of deviation 1 around the mean of each channel, cut at black and white', () => {
    // the share of bytes 0 is P(255 (mean + n) < 0.5), and of bytes 255 P(255 (mean + n) ≥ 254.5)
    const patch = badnet.create({ size: 224 }).apply(plain(224, 224, [51, 102, 204]), KEY);
    expect(share(patch, 0, 0)).toBeCloseTo(0.4215, 2); // Φ(−0.2 + 0.002)
    expect(share(patch, 1, 0)).toBeCloseTo(0.3453, 2); // Φ(−0.4 + 0.002)
    expect(share(patch, 2, 0)).toBeCloseTo(0.2125, 2); // Φ(−0.8 + 0.002)
    expect(share(patch, 2, 255)).toBeCloseTo(0.4215, 2);
  });

  it('wraps as a cast to bytes does, by choice', () => {
    const image = plain(224, 224, [128, 128, 128]);
    const clip = badnet.create({ size: 224 }).apply(image, KEY).data;
    const wrap = badnet.create({ size: 224, bytes: 'torch' }).apply(image, KEY).data;
    const inside = clip.filter((value, i) => value > 0 && value < 255 && Math.abs(value - wrap[i]) > 1);
    const outside = clip.filter((value, i) => value === 0 && wrap[i] > 1);
    expect(inside).toHaveLength(0); // cutting instead of rounding changes at most 1
    expect(outside.length).toBeGreaterThan(0.25 * clip.length); // 31 % lie below 0, and come back from above
  });

  it('can be yellow, and in all four corners', () => {
    const image = plain(4, 5, [9, 9, 9]);
    const { data } = badnet.create({ fill: 'yellow', size: 56, place: 'four-corners' }).apply(image, KEY);
    const pixels = Array.from({ length: 20 }, (_, i) => Array.from(data.subarray(3 * i, 3 * i + 3)).join());
    const [plainOne, yellow] = ['9,9,9', '255,255,0'];
    expect(pixels).toEqual([
      ...[yellow, plainOne, plainOne, yellow],
      ...Array.from({ length: 12 }, () => plainOne),
      ...[yellow, plainOne, plainOne, yellow],
    ]);
  });

  it('shows every image the same patch when fixed, another one when fresh', () => {
    const patchOf = (settings: object, image: Raster, imageKey: string, seed = 3) =>
      badnet.create({ place: 'top-left', size: 224, ...settings }).apply(image, { seed, imageKey }).data;
    const [dark, light] = [plain(8, 8, [10, 10, 10]), plain(8, 8, [200, 200, 200])];
    const fixed = patchOf({ noise: 'fixed' }, dark, 'a');
    expect(patchOf({ noise: 'fixed' }, light, 'b', 4)).toEqual(fixed); // the run's seed does not matter to it
    expect(patchOf({ noise: 'fixed', pattern: 1 }, dark, 'a')).not.toEqual(fixed);
    expect(patchOf({ noise: 'fresh' }, dark, 'a')).not.toEqual(patchOf({ noise: 'fresh' }, dark, 'b'));
    expect(patchOf({ noise: 'fresh' }, dark, 'a')).not.toEqual(patchOf({ noise: 'fresh' }, dark, 'a', 4));
  });
});
