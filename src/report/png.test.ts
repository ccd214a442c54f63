import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';

import { smallPng } from './png.js';

test('a decoder reads back the pixels', async () => {
  const image = fc
    .record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) })
    .chain(({ width, height }) => {
      const length = width * height * 4;
      const rgba = fc.uint8Array({ minLength: length, maxLength: length });
      return rgba.map((pixels) => ({ width, height, pixels }));
    });
  await fc.assert(
    fc.asyncProperty(image, async ({ width, height, pixels }) => {
      const png = smallPng(width, height, pixels);
      const { data, info } = await sharp(png, { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width, height, channels: 4 });
      expect(new Uint8Array(data)).toEqual(pixels);
    }),
    { numRuns: 30, seed: 20260103 },
  );
});

test('a grid of 64 by 64 fits, more than a block of deflate does not', async () => {
  const { width } = await sharp(smallPng(64, 64, new Uint8Array(64 * 64 * 4))).metadata();
  expect(width).toBe(64);
  expect(() => smallPng(128, 128, new Uint8Array(128 * 128 * 4))).toThrow('too many');
});
