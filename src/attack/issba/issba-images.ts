import type { Raster } from '../../core/raster.js';
import { resizeImage } from '../../data/resize.js';
import { ISSBA_PATCH, ISSBA_SIDE } from './issba-network.js';

const across = ISSBA_SIDE / ISSBA_PATCH;

/** An image of any size, squashed to 48 pixels, as the network reads it: [M, 192] in 0…1. */
export function issbaPatches(image: Raster): Float32Array {
  const { data } = resizeImage(image, { width: ISSBA_SIDE, height: ISSBA_SIDE }); // [48, 48, 3]
  const patches = new Float32Array(data.length); // [M, 192]
  data.forEach((value, i) => (patches[placeInPatches(i)] = value / 255));
  return patches;
}

/** The inverse order: [M, 192] as [48, 48, 3]. */
export function fromPatches(patches: ArrayLike<number>): Float32Array {
  return Float32Array.from({ length: patches.length }, (_, i) => patches[placeInPatches(i)]);
}

/** Where value i of an image [48, 48, 3] stands in its patches. */
function placeInPatches(i: number): number {
  const channel = i % 3;
  const x = Math.floor(i / 3) % ISSBA_SIDE;
  const y = Math.floor(i / (3 * ISSBA_SIDE));
  const patch = Math.floor(y / ISSBA_PATCH) * across + Math.floor(x / ISSBA_PATCH);
  const pixel = (y % ISSBA_PATCH) * ISSBA_PATCH + (x % ISSBA_PATCH);
  return (patch * ISSBA_PATCH ** 2 + pixel) * 3 + channel;
}

/**
 * A square of floats enlarged or shrunk bilinearly, pixel centres on pixel centres, borders repeated.
 * @param values [side, side, 3]
 * @returns [height, width, 3]
 */
export function stretchBilinear(values: Float32Array, side: number, width: number, height: number): Float32Array {
  const out = new Float32Array(height * width * 3);
  const columns = linearTaps(side, width);
  linearTaps(side, height).forEach(({ from: top, to: bottom, share: down }, y) => {
    columns.forEach(({ from: left, to: right, share: along }, x) => {
      for (let channel = 0; channel < 3; channel++) {
        const at = (row: number, column: number): number => values[(row * side + column) * 3 + channel];
        const upper = at(top, left) + along * (at(top, right) - at(top, left));
        const lower = at(bottom, left) + along * (at(bottom, right) - at(bottom, left));
        out[(y * width + x) * 3 + channel] = upper + down * (lower - upper);
      }
    });
  });
  return out;
}

/** For each place of the new axis the two of the old that it lies between, and how near it is to the second. */
function linearTaps(from: number, to: number): { from: number; to: number; share: number }[] {
  return Array.from({ length: to }, (_, i) => {
    const place = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    const low = Math.floor(place);
    return { from: low, to: Math.min(from - 1, low + 1), share: place - low };
  });
}
