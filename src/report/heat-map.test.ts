import sharp from 'sharp';
import { expect, test } from 'vitest';

import { heatMap } from './heat-map.js';

/** Red, green, blue and alpha of each pixel. */
async function pixelsOf(attention: readonly number[]): Promise<number[][]> {
  const [head, base64] = heatMap(attention).split(',');
  expect(head).toBe('data:image/png;base64');
  const { data, info } = await sharp(Buffer.from(base64, 'base64')).raw().toBuffer({ resolveWithObject: true });
  expect(info.width * info.height).toBe(attention.length);
  return attention.map((_, i) => [...data.subarray(4 * i, 4 * i + 4)]);
}

const brightness = ([red, green, blue]: number[]): number => red + green + blue;

test('a pixel a patch, left to right and down, brighter where there is more', async () => {
  const attention = [0.02, 0.3, 0.01, 0.1, 0.2, 0.05, 0, 0.15, 0.17];
  const pixels = await pixelsOf(attention);
  const order = (values: readonly number[]): number[] => values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  expect(order(pixels.map(brightness))).toEqual(order(attention));
  // the ends of the ramp, and nothing hides the image
  expect(pixels[1]).toEqual([255, 240, 90, 153]);
  expect(pixels[6]).toEqual([8, 8, 32, 168]);
});

test('each map is scaled to its own largest value; one of nothing is dark', async () => {
  expect(heatMap([0.1, 0.2, 0.3, 0.4])).toBe(heatMap([0.2, 0.4, 0.6, 0.8]));
  for (const pixel of await pixelsOf([0, 0, 0, 0])) expect(pixel).toEqual([8, 8, 32, 168]);
});
