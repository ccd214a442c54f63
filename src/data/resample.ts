import { raster, type Raster } from '../core/raster.js';

/** A rectangle of whole pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface ResampleOptions {
  /** Size of the whole result. */
  readonly width: number;
  readonly height: number;
  /** Part of the source that is resized as if it were the whole image; all of it by default. */
  readonly source?: Box;
  /** Part of the result that is wanted; all of it by default. Nothing outside it is computed. */
  readonly window?: Box;
}

/** Fraction bits of a weight: 32 less 8 for the pixel and 2 for sign and overshoot, as in Pillow's 8-bit path. */
const precision = 22;
const half = 1 << (precision - 1);
/** Reach of the cubic kernel, in pixels of the coarser of the two grids. */
const reach = 2;

/** Weights of the source pixels that make up each wanted pixel along one axis. */
interface Taps {
  /** First source pixel of each wanted one. */
  readonly first: Int32Array;
  /** How many source pixels each wanted one reads. */
  readonly count: Int32Array;
  /** [wanted, stride] fixed-point weights. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/**
 * Bicubic resize (a = -0.5), equal bit for bit to Pillow's for 8-bit RGB: antialiased when shrinking, fixed-point
 * weights, a horizontal pass rounded to 8 bits and then a vertical one (algorithm: Pillow, src/libImaging/Resample.c).
 *
 * @returns the `window` of the resized image.
 * @throws RangeError when a box does not lie inside what it is a part of.
 */
export function resample(image: Raster, options: ResampleOptions): Raster {
  const { width, height } = options;
  const source = options.source ?? { left: 0, top: 0, width: image.width, height: image.height };
  const window = options.window ?? { left: 0, top: 0, width, height };
  checkBox('source', source, image);
  checkBox('window', window, options);

  const columns = bicubicTaps(source.width, width, window.left, window.width);
  const rows = bicubicTaps(source.height, height, window.top, window.height);
  const last = window.height - 1;
  const firstRow = rows.first[0];
  const rowCount = rows.first[last] + rows.count[last] - firstRow;

  const narrow = resampleRows(image, source, columns, firstRow, rowCount); // [rowCount, window.width, 3]
  return raster(window.width, window.height, resampleColumns(narrow, window.width * 3, rows, firstRow));
}

function checkBox(name: string, box: Box, whole: { width: number; height: number }): void {
  const { left, top, width, height } = box;
  const valid = [left, top, width, height, whole.width, whole.height].every((n) => Number.isInteger(n) && n >= 0);
  if (valid && width > 0 && height > 0 && left + width <= whole.width && top + height <= whole.height) return;
  throw new RangeError(
    `resample: ${name} ${width} x ${height} at (${left}, ${top}) is not inside ${whole.width} x ${whole.height}`,
  );
}

function cubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/** Taps of the output pixels `from … from + wanted - 1` of an axis resized from `size` to `outSize` pixels. */
function bicubicTaps(size: number, outSize: number, from: number, wanted: number): Taps {
  const scale = size / outSize;
  const widening = Math.max(scale, 1);
  const support = reach * widening;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(wanted);
  const count = new Int32Array(wanted);
  const weights = new Int32Array(wanted * stride);
  const exact = new Float64Array(stride);
  const inverse = 1 / widening;
  for (let i = 0; i < wanted; i++) {
    const center = (from + i + 0.5) * scale;
    const low = Math.max(Math.trunc(center - support + 0.5), 0);
    const taps = Math.min(Math.trunc(center + support + 0.5), size) - low;
    let sum = 0;
    for (let t = 0; t < taps; t++) {
      exact[t] = cubic((t + low - center + 0.5) * inverse);
      sum += exact[t];
    }
    for (let t = 0; t < taps; t++) {
      const scaled = (exact[t] / sum) * (1 << precision);
      weights[i * stride + t] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    first[i] = low;
    count[i] = taps;
  }
  return { first, count, weights, stride };
}

/**
 * A finished sum as a byte, as a `Uint8ClampedArray` would store it; plain arithmetic is faster than its store.
 * Sums lie within -255 … 510 after the shift, so one of the two masks is never needed with the other.
 */
function toByte(sum: number): number {
  const value = sum >> precision;
  // the sign bits of value and of 255 - value say which way it is out of range
  return (value & ~(value >> 31)) | (((255 - value) >> 31) & 255);
}

/** Four pixels of one channel, 3 bytes apart, weighted. */
function dot4(pixels: Uint8Array, at: number, w0: number, w1: number, w2: number, w3: number): number {
  const left = (Math.imul(pixels[at], w0) + Math.imul(pixels[at + 3], w1)) | 0;
  return (left + Math.imul(pixels[at + 6], w2) + Math.imul(pixels[at + 9], w3)) | 0;
}

/** The horizontal pass over the rows that the vertical pass will read. */
function resampleRows(image: Raster, source: Box, taps: Taps, firstRow: number, rowCount: number): Uint8Array {
  const { first, count, weights, stride } = taps;
  const pixels = image.data;
  const wanted = first.length;
  const out = new Uint8Array(rowCount * wanted * 3);
  let target = 0;
  for (let y = 0; y < rowCount; y++) {
    const rowStart = ((source.top + firstRow + y) * image.width + source.left) * 3;
    for (let x = 0; x < wanted; x++) {
      let red = half;
      let green = half;
      let blue = half;
      const tap = x * stride;
      let at = rowStart + first[x] * 3;
      let t = 0;
      // four at a time: an enlarged image needs just four
      for (; t + 4 <= count[x]; t += 4, at += 12) {
        const w0 = weights[tap + t];
        const w1 = weights[tap + t + 1];
        const w2 = weights[tap + t + 2];
        const w3 = weights[tap + t + 3];
        red = (red + dot4(pixels, at, w0, w1, w2, w3)) | 0;
        green = (green + dot4(pixels, at + 1, w0, w1, w2, w3)) | 0;
        blue = (blue + dot4(pixels, at + 2, w0, w1, w2, w3)) | 0;
      }
      for (; t < count[x]; t++, at += 3) {
        const weight = weights[tap + t];
        red = (red + Math.imul(pixels[at], weight)) | 0;
        green = (green + Math.imul(pixels[at + 1], weight)) | 0;
        blue = (blue + Math.imul(pixels[at + 2], weight)) | 0;
      }
      out[target] = toByte(red);
      out[target + 1] = toByte(green);
      out[target + 2] = toByte(blue);
      target += 3;
    }
  }
  return out;
}

/** The vertical pass: a weighted sum of whole rows of `rowLength` bytes, `rows[0]` being row `firstRow`. */
function resampleColumns(rows: Uint8Array, rowLength: number, taps: Taps, firstRow: number): Uint8Array {
  const { first, count, weights, stride } = taps;
  const wanted = first.length;
  const out = new Uint8Array(wanted * rowLength);
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < wanted; y++) {
    const top = (first[y] - firstRow) * rowLength;
    const target = y * rowLength;
    sums.fill(half);
    // four rows a pass, as an enlarged image needs just four: the sums are loaded and stored a quarter as often
    for (let t = 0; t < count[y]; t += 4) {
      const at = y * stride + t;
      const left = count[y] - t;
      const w0 = weights[at];
      const w1 = left > 1 ? weights[at + 1] : 0;
      const w2 = left > 2 ? weights[at + 2] : 0;
      const w3 = left > 3 ? weights[at + 3] : 0;
      const r0 = top + t * rowLength;
      // a row that is not there has weight 0: any row does for it
      const r1 = left > 1 ? r0 + rowLength : r0;
      const r2 = left > 2 ? r1 + rowLength : r0;
      const r3 = left > 3 ? r2 + rowLength : r0;
      for (let i = 0; i < rowLength; i++) {
        const upper = (Math.imul(rows[r0 + i], w0) + Math.imul(rows[r1 + i], w1)) | 0;
        const lower = (Math.imul(rows[r2 + i], w2) + Math.imul(rows[r3 + i], w3)) | 0;
        sums[i] = (sums[i] + upper + lower) | 0;
      }
    }
    for (let i = 0; i < rowLength; i++) out[target + i] = toByte(sums[i]);
  }
  return out;
}
