import { raster, type Raster } from '../../core/raster.js';

/** Shifts of every pixel, [height, width] each, in units of half the image's side (from its first pixel to its last). */
export interface Shifts {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/**
 * A copy of an image in which every pixel is read, bilinearly, from where its shift points to, or from the border where
 * that lies outside (PyTorch's `grid_sample` with `align_corners`, on a grid clamped to −1 … 1).
 */
export function warp(image: Raster, shifts: Shifts, toByte: (level: number) => number): Raster {
  const { width, height, data } = image;
  const out = new Uint8Array(data.length); // [height, width, 3]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      const [left, right, toRight] = between(x, shifts.x[pixel], width);
      const [top, bottom, toBottom] = between(y, shifts.y[pixel], height);
      for (let channel = 0; channel < 3; channel++) {
        const level = (row: number, column: number): number => data[(row * width + column) * 3 + channel];
        const upper = mix(level(top, left), level(top, right), toRight);
        const lower = mix(level(bottom, left), level(bottom, right), toRight);
        out[pixel * 3 + channel] = toByte(mix(upper, lower, toBottom));
      }
    }
  }
  return raster(width, height, out);
}

/** The two pixels of an axis that a shifted one lies between, and how far it is from the first, in [0, 1). */
function between(at: number, shift: number, size: number): [first: number, second: number, share: number] {
  const last = size - 1;
  const place = Math.min(last, Math.max(0, at + (shift * last) / 2));
  const first = Math.floor(place);
  return [first, Math.min(first + 1, last), place - first];
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

/**
 * A square grid enlarged to an image's size, corner points to corner pixels (PyTorch's bicubic `interpolate` with
 * `align_corners`: Keys' kernel with a = −0.75, points beyond the border equal to those on it).
 * @param grid [k, k]
 * @returns [height, width]
 */
export function enlarge(grid: Float64Array, k: number, width: number, height: number): Float64Array {
  const wide = new Float64Array(k * width); // [k, width]
  for (let x = 0; x < width; x++) {
    const taps = cubicTaps(x, width, k);
    for (let row = 0; row < k; row++) {
      wide[row * width + x] = taps.reduce((sum, [column, weight]) => sum + weight * grid[row * k + column], 0);
    }
  }
  const out = new Float64Array(height * width); // [height, width]
  for (let y = 0; y < height; y++) {
    for (const [row, weight] of cubicTaps(y, height, k)) {
      for (let x = 0; x < width; x++) out[y * width + x] += weight * wide[row * width + x];
    }
  }
  return out;
}

/** The four grid points that make up pixel `at` of an axis, with their weights. */
function cubicTaps(at: number, size: number, k: number): [point: number, weight: number][] {
  const place = size === 1 ? 0 : (at * (k - 1)) / (size - 1);
  const first = Math.min(k - 1, Math.floor(place));
  return [-1, 0, 1, 2].map((offset) => [Math.min(k - 1, Math.max(0, first + offset)), cubic(place - first - offset)]);
}

function cubic(distance: number): number {
  const a = -0.75;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}
