import type { Raster } from '../core/raster.js';
import { Random } from '../tensor/random.js';
import type { ViewKey } from './augment.js';

/** Changes 8-bit pixels as Pillow does. @param magnitude in the op's own unit; some have none */
type Operation = (image: Raster, magnitude: number) => Raster;

const operations = {
  shearX,
  /** Degrees, counter-clockwise. */
  rotate,
  /** 0: grey, 1: as it is. */
  color: (image, factor) => blend(gray(image), image, factor),
  contrast: (image, factor) => blend(flat(image, meanLuma(image)), image, factor),
  sharpness: (image, factor) => blend(smooth(image), image, factor),
  /** The number of high bits that are kept. */
  posterize: (image, bits) => mapBytes(image, (byte) => byte & (0xff << (8 - bits))),
  /** Inverts what is not below the threshold. */
  solarize: (image, threshold) => mapBytes(image, (byte) => (byte < threshold ? byte : 255 - byte)),
  autoContrast: (image) => mapChannels(image, contrastStretch),
  equalize: (image) => mapChannels(image, equalization),
  invert: (image) => mapBytes(image, (byte) => 255 - byte),
} satisfies Record<string, Operation>;
type OperationName = keyof typeof operations;

/** The operations by themselves, for tests and for looking at them. */
export const imageOperations: Readonly<Record<OperationName, Operation>> = operations;

/** How strong each level from 0 to 9 is; a signed one goes either way, with even chances. */
const strengths: Partial<Record<OperationName, { at(level: number): number; signed: boolean; around?: number }>> = {
  shearX: { at: (level) => (0.3 * level) / 9, signed: true },
  rotate: { at: (level) => (30 * level) / 9, signed: true },
  color: { at: (level) => (0.9 * level) / 9, signed: true, around: 1 },
  contrast: { at: (level) => (0.9 * level) / 9, signed: true, around: 1 },
  sharpness: { at: (level) => (0.9 * level) / 9, signed: true, around: 1 },
  posterize: { at: (level) => 8 - Math.round((4 * level) / 9), signed: false },
  solarize: { at: (level) => 255 - (255 * level) / 9, signed: false },
};

/** Two operations one after the other, each with its probability and its level; 0 for one that has no levels. */
type Pair = readonly [OperationName, number, number, OperationName, number, number];

/** AutoAugment's policy for ImageNet (Cubuk et al., arXiv 1805.09501, table 9), as torchvision has it. */
const imageNetPolicy: readonly Pair[] = [
  ['posterize', 0.4, 8, 'rotate', 0.6, 9],
  ['solarize', 0.6, 5, 'autoContrast', 0.6, 0],
  ['equalize', 0.8, 0, 'equalize', 0.6, 0],
  ['posterize', 0.6, 7, 'posterize', 0.6, 6],
  ['equalize', 0.4, 0, 'solarize', 0.2, 4],
  ['equalize', 0.4, 0, 'rotate', 0.8, 8],
  ['solarize', 0.6, 3, 'equalize', 0.6, 0],
  ['posterize', 0.8, 5, 'equalize', 1, 0],
  ['rotate', 0.2, 3, 'solarize', 0.6, 8],
  ['equalize', 0.6, 0, 'posterize', 0.4, 6],
  ['rotate', 0.8, 8, 'color', 0.4, 0],
  ['rotate', 0.4, 9, 'equalize', 0.6, 0],
  ['equalize', 0, 0, 'equalize', 0.8, 0],
  ['invert', 0.6, 0, 'equalize', 1, 0],
  ['color', 0.6, 4, 'contrast', 1, 8],
  ['rotate', 0.8, 8, 'color', 1, 2],
  ['color', 0.8, 8, 'solarize', 0.8, 7],
  ['sharpness', 0.4, 7, 'invert', 0.6, 0],
  ['shearX', 0.6, 5, 'equalize', 1, 0],
  ['color', 0.4, 0, 'equalize', 0.6, 0],
  ['equalize', 0.4, 0, 'solarize', 0.2, 4],
  ['solarize', 0.6, 5, 'autoContrast', 0.6, 0],
  ['invert', 0.6, 0, 'equalize', 1, 0],
  ['color', 0.6, 4, 'contrast', 1, 8],
  ['equalize', 0.8, 0, 'equalize', 0.6, 0],
];

/**
 * AutoAugment with torchvision's defaults: a pair of operations drawn from the ImageNet policy, each carried out with its
 * probability; places that come from outside the image are black.
 */
export function autoAugment(image: Raster, { seed, imageKey, view }: ViewKey): Raster {
  const random = Random.stream(seed, `auto-augment/${view}/${imageKey}`);
  const maybe = (before: Raster, name: OperationName, probability: number, level: number): Raster => {
    const [draw, sign] = [random.uniform(), random.below(2) === 0 ? -1 : 1];
    return draw < probability ? operations[name](before, magnitude(name, level, sign)) : before;
  };
  const [first, firstProbability, firstLevel, second, secondProbability, secondLevel] =
    imageNetPolicy[random.below(imageNetPolicy.length)];
  return maybe(maybe(image, first, firstProbability, firstLevel), second, secondProbability, secondLevel);
}

function magnitude(name: OperationName, level: number, sign: number): number {
  const strength = strengths[name];
  if (strength === undefined) return 0;
  return (strength.around ?? 0) + (strength.signed ? sign : 1) * strength.at(level);
}

function mapBytes(image: Raster, change: (byte: number) => number): Raster {
  return { ...image, data: image.data.map(change) };
}

/** Looks every byte up in a table of its channel, made from that channel's histogram; the table may leave 0 … 255. */
function mapChannels(image: Raster, tableOf: (histogram: Uint32Array) => number[] | undefined): Raster {
  const tables = [0, 1, 2].map((channel) => {
    const histogram = new Uint32Array(256);
    for (let at = channel; at < image.data.length; at += 3) histogram[image.data[at]]++;
    const table = tableOf(histogram);
    return table === undefined ? undefined : Uint8ClampedArray.from(table);
  });
  return { ...image, data: image.data.map((byte, at) => tables[at % 3]?.[byte] ?? byte) };
}

/** The darkest level of a channel to 0, the brightest to 255. */
function contrastStretch(histogram: Uint32Array): number[] | undefined {
  const low = histogram.findIndex((count) => count > 0);
  const high = histogram.findLastIndex((count) => count > 0);
  if (high <= low) return undefined;
  const scale = 255 / (high - low);
  return Array.from(histogram, (_, level) => Math.trunc(level * scale - low * scale));
}

/** Levels so spread that each is about equally often met. */
function equalization(histogram: Uint32Array): number[] | undefined {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  const last = histogram.findLast((count) => count > 0) ?? 0;
  const step = Math.floor((total - last) / 255);
  if (step === 0) return undefined;
  let below = Math.floor(step / 2);
  return Array.from(histogram, (count) => {
    const level = Math.floor(below / step);
    below += count;
    return level;
  });
}

/** Luma of ITU-R 601 in 16-bit fixed point. */
function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

function gray(image: Raster): Raster {
  const out = new Uint8Array(image.data.length); // [H, W, 3]
  for (let at = 0; at < out.length; at += 3) {
    out.fill(luma(image.data[at], image.data[at + 1], image.data[at + 2]), at, at + 3);
  }
  return { ...image, data: out };
}

function meanLuma(image: Raster): number {
  const { data } = gray(image);
  return Math.floor(data.reduce((sum, byte) => sum + byte, 0) / data.length + 0.5);
}

function flat(image: Raster, level: number): Raster {
  return { ...image, data: new Uint8Array(image.data.length).fill(level) };
}

/** Each pixel's mean with its neighbours, itself five times; the border stays. */
function smooth(image: Raster): Raster {
  const { width, height, data } = image;
  const out = data.slice(); // [H, W, 3]
  const row = 3 * width;
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * row + 3; at < (y + 1) * row - 3; at++) {
      let sum = 4 * data[at];
      for (const line of [at - row, at, at + row]) sum += data[line - 3] + data[line] + data[line + 3];
      out[at] = Math.floor(sum / 13 + 0.5);
    }
  }
  return { ...image, data: out };
}

/** `from` at factor 0, `to` at 1, beyond it above; cut off after the point, as Pillow does. */
function blend(from: Raster, to: Raster, factor: number): Raster {
  const exact = Math.fround(factor);
  if (exact === 1) return to;
  const out = new Uint8ClampedArray(to.data.length); // [H, W, 3]
  for (let at = 0; at < out.length; at++) {
    const start = from.data[at];
    out[at] = Math.trunc(Math.fround(start + Math.fround(exact * (to.data[at] - start))));
  }
  return { ...to, data: new Uint8Array(out.buffer) };
}

/** Moves each row by `slope` of its distance from the upper edge. */
function shearX(image: Raster, slope: number): Raster {
  return affine(image, [1, slope, 0, 0, 1, 0]);
}

function rotate(image: Raster, degrees: number): Raster {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)].map(
    (x) => Number(x.toFixed(15)), // as Pillow, which keeps a quarter turn exact by it
  );
  const [x, y] = [image.width / 2, image.height / 2];
  return affine(image, [cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y]);
}

type Affine = readonly [number, number, number, number, number, number];

/**
 * Pixel (x, y) of the result is the one at (a x + b y + c, d x + e y + f) of the image, the nearest, by Pillow's 16-bit
 * fixed-point arithmetic; black outside.
 */
function affine({ width, height, data }: Raster, [a, b, c, d, e, f]: Affine): Raster {
  const fixed = (number: number): number => Math.floor(number * 65536 + 0.5);
  const [startX, startY] = [fixed(c + (a + b) / 2), fixed(f + (d + e) / 2)]; // of the middle of the first pixel
  const [ax, bx, ay, by] = [fixed(a), fixed(b), fixed(d), fixed(e)];
  const out = new Uint8Array(data.length); // [H, W, 3]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const fromX = Math.floor((startX + ax * x + bx * y) / 65536);
      const fromY = Math.floor((startY + ay * x + by * y) / 65536);
      if (fromX < 0 || fromY < 0 || fromX >= width || fromY >= height) continue;
      const from = (fromY * width + fromX) * 3;
      out.set(data.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return { width, height, data: out };
}
