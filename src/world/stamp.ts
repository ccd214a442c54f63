import type { Rgb } from './colors.js';

/**
 * How a sprite of a colour style can be turned into one in a single ink, as the monochrome domain has them: filled, its
 * edges, or its edges with what is dark filled.
 */
export const inkings = ['silhouette', 'outline', 'drawing'] as const;
export type Inking = (typeof inkings)[number];

/** Colour changes of a sprite: each channel is scaled, the whole then saturated and moved. */
export interface Tint {
  readonly gain: Rgb;
  /** 1 leaves it as it is, 0 takes all colour away. */
  readonly saturation: number;
  /** Of 255. */
  readonly offset: number;
}

/**
 * A tinted copy. Tinting is affine, so it commutes with the multiplication by alpha: only the offset is to be scaled.
 * @param sprite [side, side, 4], colour multiplied by alpha
 */
export function tinted(sprite: Uint8Array, { gain, saturation, offset }: Tint): Float32Array {
  const out = new Float32Array(sprite.length);
  for (let i = 0; i < sprite.length; i += 4) {
    const alpha = sprite[i + 3];
    const gray = (sprite[i] + sprite[i + 1] + sprite[i + 2]) / 3;
    const moved = (offset * alpha) / 255;
    for (let channel = 0; channel < 3; channel++) {
      const value = (gray + saturation * (sprite[i + channel] - gray)) * gain[channel] + moved;
      out[i + channel] = Math.min(alpha, Math.max(0, value));
    }
    out[i + 3] = alpha;
  }
  return out;
}

/**
 * A copy in one ink.
 * @param sprite [side, side, 4], colour multiplied by alpha
 * @param inking undefined: the sprite is a drawing in one ink already
 */
export function inked(sprite: Uint8Array, side: number, inking: Inking | undefined, ink: Rgb): Float32Array {
  const cover = coverOf(sprite, side, inking);
  const out = new Float32Array(sprite.length);
  for (let pixel = 0; pixel < cover.length; pixel++) {
    const alpha = cover[pixel];
    for (let channel = 0; channel < 3; channel++) out[4 * pixel + channel] = (ink[channel] * alpha) / 255;
    out[4 * pixel + 3] = alpha;
  }
  return out;
}

/** Where the ink is, [side, side], 0 … 255. */
function coverOf(sprite: Uint8Array, side: number, inking: Inking | undefined): Float32Array {
  const cover = new Float32Array(side * side);
  switch (inking) {
    case undefined:
    case 'silhouette':
      for (let pixel = 0; pixel < cover.length; pixel++) cover[pixel] = sprite[4 * pixel + 3];
      return cover;
    case 'outline':
    case 'drawing': {
      const limit = inking === 'drawing' ? darkness * meanLuma(sprite) : 0;
      for (let y = 0, pixel = 0; y < side; y++) {
        for (let x = 0; x < side; x++, pixel++) {
          const alpha = sprite[4 * pixel + 3];
          const dark = lumaAt(sprite, 4 * pixel) < (limit * alpha) / 255;
          cover[pixel] = Math.max(edgeAt(sprite, side, x, y), dark ? alpha : 0);
        }
      }
      return cover;
    }
  }
}

/** Perceived lightness times alpha, 0 … 255. */
function lumaAt(sprite: Uint8Array, at: number): number {
  return 0.299 * sprite[at] + 0.587 * sprite[at + 1] + 0.114 * sprite[at + 2];
}

/** Of what is not transparent, 0 … 255. */
function meanLuma(sprite: Uint8Array): number {
  let [sum, weight] = [0, 0];
  for (let i = 0; i < sprite.length; i += 4) {
    sum += lumaAt(sprite, i);
    weight += sprite[i + 3] / 255;
  }
  return weight === 0 ? 0 : sum / weight;
}

/** What has less of the sprite's mean lightness than this is filled in drawings. */
const darkness = 0.75;

/** Pixels of a 64-pixel sprite between the two places that are compared: about how wide a line gets. */
const lineWidth = 4;
/** Differences of colour, of 255, from which on there is a line, and from which on it is full. */
const [faint, full] = [40, 90];

/** How much of a line goes through a place, 0 … 255: the largest change of any channel, alpha included. */
function edgeAt(sprite: Uint8Array, side: number, x: number, y: number): number {
  const half = Math.max(1, Math.round((lineWidth * side) / 128));
  const at = (column: number, row: number, channel: number): number =>
    column < 0 || row < 0 || column >= side || row >= side ? 0 : sprite[(row * side + column) * 4 + channel];
  let change = 0;
  for (let channel = 0; channel < 4; channel++) {
    const across = Math.abs(at(x + half, y, channel) - at(x - half, y, channel));
    const down = Math.abs(at(x, y + half, channel) - at(x, y - half, channel));
    change = Math.max(change, across, down);
  }
  return (Math.min(full, Math.max(faint, change)) - faint) * (255 / (full - faint));
}
