import { z } from 'zod';

import type { ImageKey, Raster } from '../../core/raster.js';
import { Random } from '../../tensor/random.js';
import { REFERENCE_SIDE } from './trigger.js';

/** A length setting, in pixels of a 224-pixel image. @param what stands first in the description: `side of the patch` */
export function sizeSetting(what: string): z.ZodNumber {
  return z
    .number()
    .positive()
    .max(REFERENCE_SIDE, 'the trigger would be larger than the image')
    .describe(`${what}, in pixels of a ${REFERENCE_SIDE}-pixel image; it scales with the shorter side`);
}

/** A length that is given for a 224-pixel image, on this one: whole pixels, at least one. */
export function pixelsOn({ width, height }: Pick<Raster, 'width' | 'height'>, size: number): number {
  return Math.max(1, Math.round((size * Math.min(width, height)) / REFERENCE_SIDE));
}

const places = [
  'random',
  'random-cleanclip',
  'top-left',
  'top-right',
  'bottom-left',
  'bottom-right',
  'center',
  'four-corners',
] as const;
type Place = (typeof places)[number];

export const placeSetting = z
  .enum(places)
  .describe(
    'where it goes; random: anew for every image; random-cleanclip: as random, but never in the last row or column ' +
      '(CleanCLIP draws from 0 to 223 - size)',
  );

/** Left and top of a square. */
export type Corner = readonly [left: number, top: number];

/**
 * Where a square goes on an image that it fits on.
 * @param name of the trigger, for its randomness
 */
export function cornersAt(
  place: Place,
  side: number,
  { width, height }: Pick<Raster, 'width' | 'height'>,
  name: string,
  { seed, imageKey }: ImageKey,
): readonly Corner[] {
  const [right, bottom] = [width - side, height - side];
  const anywhere = (columns: number, rows: number): Corner[] => {
    const random = Random.stream(seed, `trigger/${name}/place/${imageKey}`);
    return [[random.below(columns), random.below(rows)]];
  };
  switch (place) {
    case 'random':
      return anywhere(right + 1, bottom + 1);
    case 'random-cleanclip':
      return anywhere(Math.max(1, right), Math.max(1, bottom));
    case 'top-left':
      return [[0, 0]];
    case 'top-right':
      return [[right, 0]];
    case 'bottom-left':
      return [[0, bottom]];
    case 'bottom-right':
      return [[right, bottom]];
    case 'center':
      return [[Math.floor(right / 2), Math.floor(bottom / 2)]];
    case 'four-corners':
      return [
        [0, 0],
        [right, 0],
        [0, bottom],
        [right, bottom],
      ];
  }
}
