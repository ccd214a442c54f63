import type { Raster } from '../../core/raster.js';

/** Left, top, width and height of the smallest box around all pixels that differ; undefined where none does. */
export function changedBox(before: Raster, after: Raster): [number, number, number, number] | undefined {
  const { width, height } = before;
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const same = [0, 1, 2].every((channel) => before.data[at + channel] === after.data[at + channel]);
      if (same) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  return right < 0 ? undefined : [left, top, right - left + 1, bottom - top + 1];
}
