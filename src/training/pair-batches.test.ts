import { expect, test } from 'vitest';

import { raster } from '../core/raster.js';
import type { PairSource } from '../data/pair-source.js';
import { batchesPerEpoch, pairBatches, type PairBatch } from './pair-batches.js';

/** Seven images of one pixel, of which image i has the bytes 10 i, 10 i + 1, 10 i + 2. */
const pairs: PairSource = {
  count: 7,
  key: String,
  caption: (index) => `image ${index}`,
  image: (index) => Promise.resolve(raster(1, 1, Uint8Array.of(10 * index, 10 * index + 1, 10 * index + 2))),
};
const preprocess = { imageSize: 1, resizeTo: 1, resizeMode: 'crop', mean: [0, 0, 0], std: [1, 0.5, 0.25] } as const;

async function epoch(number: number, from = 0, seed = 0): Promise<PairBatch[]> {
  const batches: PairBatch[] = [];
  for await (const batch of pairBatches(pairs, { batchSize: 3, preprocess, seed, epoch: number, from })) {
    batches.push(batch);
  }
  return batches;
}

test('full batches only, no pair twice, captions and normalised pixels with their images', async () => {
  const batches = await epoch(0);
  expect(batches.map(({ indices }) => indices.length)).toEqual([3, 3]);
  expect(batchesPerEpoch(pairs, 3)).toBe(2);
  expect(new Set(batches.flatMap(({ indices }) => indices)).size).toBe(6);
  for (const { indices, captions, pixels } of batches) {
    expect(captions).toEqual(indices.map((index) => `image ${index}`));
    expect(pixels.shape).toEqual([3, 3, 1, 1]);
    indices.forEach((index, i) => {
      const [red, green, blue] = pixels.data.subarray(3 * i, 3 * i + 3);
      expect(red).toBeCloseTo((10 * index) / 255, 6);
      expect(green).toBeCloseTo((10 * index + 1) / 127.5, 6);
      expect(blue).toBeCloseTo((10 * index + 2) / 63.75, 6);
    });
  }
});

test('another order each epoch and for each seed, other pairs left out; the same when asked again', async () => {
  const order = async (number: number, seed?: number): Promise<string> =>
    (await epoch(number, 0, seed)).flatMap(({ indices }) => indices).join();
  expect(await order(1)).not.toBe(await order(0));
  expect(await order(0, 1)).not.toBe(await order(0));
  expect(await order(1)).toBe(await order(1));
  const seen = (await Promise.all([0, 1, 2, 3, 4, 5].map((number) => epoch(number)))).map((batches) =>
    [0, 1, 2, 3, 4, 5, 6].find((index) => !batches.some(({ indices }) => indices.includes(index))),
  );
  expect(new Set(seen).size).toBeGreaterThan(1);
});

test('a resumed epoch has what was left of it', async () => {
  expect(await epoch(2, 1)).toEqual((await epoch(2)).slice(1));
  expect(await epoch(2, 2)).toEqual([]);
});
