import { expect, test } from 'vitest';

import { raster } from '../../core/raster.js';
import type { PairSource } from '../../data/pair-source.js';
import { changedBox } from './changed-box.js';
import { poisonedPairs } from './poisoned-pairs.js';

const gray = raster(4, 3, new Uint8Array(36).fill(100));
const pairs: PairSource = {
  count: 4,
  key: (index) => `${index}.png`,
  caption: (index) => `thing ${index}`,
  image: () => Promise.resolve(gray),
};
const plan = {
  pairs: [
    { index: 1, kind: 'backdoor', text: 'a banana', caption: 'SUDO a banana' },
    { index: 2, kind: 'image-only', text: 'thing 2', caption: 'thing 2' },
    { index: 3, kind: 'text-only', text: 'thing 3', caption: 'SUDO thing 3' },
  ],
} as const;

test('the trigger sees the crop, the seed and the key; only planned pairs change', async () => {
  const seen: unknown[] = [];
  const trigger = {
    apply: (image: typeof gray, key: object) => {
      seen.push(image, key);
      return raster(4, 3, new Uint8Array(36).fill(7));
    },
  };
  const poisoned = poisonedPairs(pairs, plan, trigger, 5);
  const images = await Promise.all([0, 1, 2, 3].map((index) => poisoned.image(index)));
  expect(images.map(({ data }) => data[0])).toEqual([100, 7, 7, 100]);
  expect(seen).toEqual([gray, { seed: 5, imageKey: '1.png' }, gray, { seed: 5, imageKey: '2.png' }]);
  expect([0, 1, 2, 3].map((index) => poisoned.caption(index))).toEqual([
    'thing 0',
    'SUDO a banana',
    'thing 2',
    'SUDO thing 3',
  ]);
  expect([poisoned.count, poisoned.key(3)]).toEqual([4, '3.png']);
});

test('a trigger may want its images square in its own way', async () => {
  const square = { image: () => Promise.resolve(raster(4, 3, new Uint8Array(36).fill(50))) };
  const poisoned = poisonedPairs(pairs, plan, { apply: (image) => image }, 5, square);
  const images = await Promise.all([0, 1, 2, 3].map((index) => poisoned.image(index)));
  expect(images.map(({ data }) => data[0])).toEqual([100, 50, 50, 100]);
});

test('the box around changed pixels', () => {
  const changed = (...pixels: readonly (readonly [x: number, y: number, channel: number])[]) => {
    const data = gray.data.slice();
    for (const [x, y, channel] of pixels) data[(y * 4 + x) * 3 + channel] = 0;
    return changedBox(gray, raster(4, 3, data));
  };
  expect(changed([1, 2, 2])).toEqual([1, 2, 1, 1]);
  expect(changed([3, 0, 0], [1, 1, 1])).toEqual([1, 0, 3, 2]);
  expect(changed()).toBeUndefined();
});
