import { raster, type Raster } from '../../core/raster.js';
import type { Corner } from './placement.js';

/**
 * A copy of an image, every value changed.
 * @param change is given a value of 0…255 with its place and channel, row by row, and gives the new one
 */
export function mapPixels(
  { width, height, data }: Raster,
  change: (value: number, x: number, y: number, channel: number) => number,
): Raster {
  const out = new Uint8Array(data.length); // [height, width, 3]
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++, i++) out[i] = change(data[i], x, y, channel);
    }
  }
  return raster(width, height, out);
}

/**
 * {@link mapPixels} on squares of an image only, the rest as it was.
 * @param change is given places within the square
 */
export function mapSquares(
  image: Raster,
  side: number,
  corners: readonly Corner[],
  change: (value: number, x: number, y: number, channel: number) => number,
): Raster {
  let result = image;
  for (const [left, top] of corners) {
    result = mapPixels(result, (value, x, y, channel) => {
      const inside = x >= left && x < left + side && y >= top && y < top + side;
      return inside ? change(value, x - left, y - top, channel) : value;
    });
  }
  return result;
}

/** A square image of the bytes that `value` gives, row by row. */
export function drawSquare(side: number, value: (x: number, y: number, channel: number) => number): Raster {
  const empty = raster(side, side, new Uint8Array(side * side * 3));
  return mapPixels(empty, (_, x, y, channel) => value(x, y, channel));
}

/** A copy of an image with a patch on it, at one or more corners; it must lie inside. */
export function paste({ width, height, data }: Raster, patch: Raster, corners: readonly Corner[]): Raster {
  const out = Uint8Array.from(data); // [height, width, 3]
  const rowLength = patch.width * 3;
  for (const [left, top] of corners) {
    for (let y = 0; y < patch.height; y++) {
      out.set(patch.data.subarray(y * rowLength, (y + 1) * rowLength), ((top + y) * width + left) * 3);
    }
  }
  return raster(width, height, out);
}
