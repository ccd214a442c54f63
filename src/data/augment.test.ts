import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { raster } from '../core/raster.js';
import { augmentations, flipHorizontally } from './augment.js';
import { clipPreprocess, cropImage } from './preprocess.js';

const preprocess = clipPreprocess(8);
/** Red grows with the column, green with the row. */
const ramp = (width: number, height: number): ReturnType<typeof raster> =>
  raster(
    width,
    height,
    Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const pixel = Math.floor(i / 3);
      return [((pixel % width) / width) * 255, (Math.floor(pixel / width) / height) * 255, 77][i % 3];
    }),
  );
const image = ramp(60, 40);

describe('crop-flip', () => {
  const view = (seed: number, imageKey: string, index: number): ReturnType<typeof raster> =>
    augmentations['crop-flip'](image, preprocess, { seed, imageKey, view: index });

  test('a view depends on seed, image and index, not on when it is asked for', () => {
    const forward = [0, 1, 2].map((index) => view(1, 'a.png', index));
    const backward = [2, 1, 0].map((index) => view(1, 'a.png', index)).reverse();
    expect(backward).toEqual(forward);
    expect(forward[1]).not.toEqual(forward[0]);
    expect(view(2, 'a.png', 0)).not.toEqual(forward[0]);
    expect(view(1, 'b.png', 0)).not.toEqual(forward[0]);
  });

  test('half of the views are flipped, and crops keep aspect and area in range', () => {
    const count = 2000;
    let flipped = 0;
    for (let index = 0; index < count; index++) {
      const { data } = view(3, 'a.png', index);
      if (data[0] > data[7 * 3]) flipped++; // red falls from left to right
      // what the ramps span over 7 of 8 pixels is the box's share of the image
      const widthShare = (Math.abs(data[7 * 3] - data[0]) / 255) * (8 / 7);
      const heightShare = ((data[7 * 8 * 3 + 1] - data[1]) / 255) * (8 / 7);
      const aspect = (widthShare * 60) / (heightShare * 40);
      expect(widthShare * heightShare).toBeGreaterThan(0.04);
      expect(aspect).toBeGreaterThan(0.6);
      expect(aspect).toBeLessThan(1.7);
    }
    // three standard deviations of a fair coin
    expect(Math.abs(flipped / count - 0.5)).toBeLessThan(3 * Math.sqrt(0.25 / count));
  });

  test('slivers, where no random box fits, give the largest centred one of an allowed aspect', () => {
    const sliver = ramp(300, 3); // 4:3 of a height of 3: columns 148 … 151
    const { data } = augmentations['crop-flip'](sliver, preprocess, { seed: 0, imageKey: 's', view: 0 });
    const red = (column: number): number => Math.floor((column / 300) * 255);
    for (let i = 0; i < data.length; i += 3) {
      expect(data[i]).toBeGreaterThanOrEqual(red(148));
      expect(data[i]).toBeLessThanOrEqual(red(151));
    }
  });
});

test('none is the plain crop', () => {
  const key = { seed: 9, imageKey: 'x', view: 4 };
  expect(augmentations.none(image, preprocess, key)).toEqual(cropImage(image, preprocess));
});

test('a flip moves pixels whole, and twice is nothing', () => {
  const row = raster(3, 1, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
  expect([...flipHorizontally(row).data]).toEqual([7, 8, 9, 4, 5, 6, 1, 2, 3]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (width, height) => {
      const original = ramp(width, height);
      expect(flipHorizontally(flipHorizontally(original))).toEqual(original);
    }),
  );
});

test('the light crop keeps 70 % of the area or more, where crop-flip goes below a fifth', () => {
  // the share of the columns and rows that a view still spans, read off the ramps
  const spans = (name: 'crop-flip' | 'light-crop-flip'): number[] =>
    Array.from({ length: 200 }, (_, index) => {
      const { data } = augmentations[name](image, preprocess, { seed: 4, imageKey: 'a.png', view: index });
      const span = (channel: number): number => {
        const values = data.filter((_value, i) => i % 3 === channel);
        return (Math.max(...values) - Math.min(...values)) / 255;
      };
      return span(0) * span(1);
    });
  // eight pixels show seven eighths of what they cover along each side
  expect(Math.min(...spans('light-crop-flip'))).toBeGreaterThan(0.7 * 0.7);
  expect(Math.min(...spans('crop-flip'))).toBeLessThan(0.2);
});
