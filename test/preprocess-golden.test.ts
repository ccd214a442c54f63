import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { raster, type Raster } from '../src/core/raster.js';
import { clipPreprocess, cropImage } from '../src/data/preprocess.js';
import { imageDecoder, type DecoderOptions } from '../src/node/decode-image.js';
import { DiskFolder } from '../src/node/files.js';

const golden = new DiskFolder(path.join(import.meta.dirname, 'golden/preprocess'));

async function decode(name: string, options?: DecoderOptions): Promise<Raster> {
  await using file = await golden.open(name);
  return await imageDecoder(options)(file);
}

function difference(a: Raster, b: Raster): { mean: number; largest: number } {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  const differences = a.data.map((value, i) => Math.abs(value - b.data[i]));
  return {
    mean: differences.reduce((sum, d) => sum + d, 0) / differences.length,
    largest: differences.reduce((most, d) => Math.max(most, d), 0),
  };
}

async function cropAndExpected(name: string, options?: DecoderOptions): Promise<[Raster, Raster]> {
  return [cropImage(await decode(name, options), clipPreprocess(224)), await decode(`${name}.expected224.png`)];
}

describe('crops equal what Pillow and torchvision make of the same file', () => {
  test.each([
    'exact224.png',
    'gray.jpg',
    'landscape.jpg',
    'lossy.webp',
    'portrait.png',
    'rgba.png',
    'small.png',
    'wide.jpg',
  ])('%s, bit for bit', async (name) => {
    const [crop, expected] = await cropAndExpected(name);
    expect(difference(crop, expected)).toEqual({ mean: 0, largest: 0 });
  });

  test('cmyk.jpg, but for the order of conversion and resize', async () => {
    const [crop, expected] = await cropAndExpected('cmyk.jpg');
    const { mean, largest } = difference(crop, expected);
    expect(mean).toBeLessThan(0.001);
    expect(largest).toBeLessThanOrEqual(1);
  });

  test('exif_rotated.jpg, bit for bit, where rotation is switched off', async () => {
    const [crop, expected] = await cropAndExpected('exif_rotated.jpg', { exifRotation: false });
    expect(difference(crop, expected)).toEqual({ mean: 0, largest: 0 });
  });
});

/** The image that `pick(x, y)` says where to take from. */
function rearranged(image: Raster, width: number, height: number, pick: (x: number, y: number) => number[]): Raster {
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fromX, fromY] = pick(x, y);
      const from = (fromY * image.width + fromX) * 3;
      out.set(image.data.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return raster(width, height, out);
}

describe('where the project departs from Pillow on purpose', () => {
  test('exif_rotated.jpg is turned a quarter clockwise, as its EXIF tag says', async () => {
    const stored = await decode('exif_rotated.jpg', { exifRotation: false });
    const turned = rearranged(stored, stored.height, stored.width, (x, y) => [y, stored.height - 1 - x]);
    expect(difference(await decode('exif_rotated.jpg'), turned)).toEqual({ mean: 0, largest: 0 });
    const [crop, expected] = await cropAndExpected('exif_rotated.jpg');
    expect(difference(crop, expected).mean).toBeCloseTo(88.2635, 4);
  });

  test('palette.png decodes as in Pillow: nearest neighbours, Pillow’s way with palettes, give its crop', async () => {
    const image = await decode('palette.png'); // 280 x 240, resized to 261 x 224, cut from column 18
    const nearest = rearranged(image, 224, 224, (x, y) => [
      Math.floor(((x + 18 + 0.5) * 280) / 261),
      Math.floor(((y + 0.5) * 240) / 224),
    ]);
    expect(difference(nearest, await decode('palette.png.expected224.png'))).toEqual({ mean: 0, largest: 0 });
  });

  test('palette.png is resized by the cubic kernel all the same', async () => {
    const [crop, expected] = await cropAndExpected('palette.png');
    const { mean } = difference(crop, expected);
    expect(mean).toBeCloseTo(4.8634, 4);
  });
});
