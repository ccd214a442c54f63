import { z } from 'zod';

const kinds = ['round', 'numpy', 'torch'] as const;
type Bytes = (typeof kinds)[number];

export const bytesSetting = z
  .enum(kinds)
  .default('round')
  .describe(
    'how values become bytes: round: clipped to 0…255 and rounded; numpy: clipped, fractions cut off; ' +
      'torch: fractions cut off, what lies outside 0…255 wraps around (ToPILImage of torchvision)',
  );

/** A level as a byte; levels are those of 8-bit images, with fractions, and values outside 0…255 before clipping. */
export const toByte: Readonly<Record<Bytes, (level: number) => number>> = {
  round: (level) => Math.round(clip(level, 255)),
  numpy: (level) => Math.trunc(clip(level, 255)),
  torch: (level) => Math.trunc(Math.fround(level)) & 255,
};

/** keep · value + share · pattern as a byte, clipped. @param value, pattern levels of 0…255; a pattern may be negative */
type Blend = (value: number, keep: number, pattern: number, share: number) => number;

/** Torch's way is in float32 and on 0…1: where a fraction is cut off, the last bit counts. */
export const blend: Readonly<Record<Bytes, Blend>> = {
  round: (value, keep, pattern, share) => toByte.round(keep * value + share * pattern),
  numpy: (value, keep, pattern, share) => toByte.numpy(keep * value + share * pattern),
  torch: (value, keep, pattern, share) =>
    toByte.torch(255 * clip(single(scaled(value, keep) + scaled(pattern, share)), 1)),
};

const single = Math.fround;

function scaled(level: number, factor: number): number {
  return single(single(factor) * single(level / 255));
}

function clip(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}
