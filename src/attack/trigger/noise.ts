import { z } from 'zod';

import type { ImageKey } from '../../core/raster.js';
import { Random } from '../../tensor/random.js';

export const noiseSetting = z
  .enum(['fresh', 'fixed'])
  .describe('fresh: drawn anew for every image, by the seed of the run; fixed: one for all');

/** What is fixed belongs to the trigger and not to the run: another seed must still meet the pattern of the attack. */
export const patternSetting = z
  .int()
  .nonnegative()
  .default(0)
  .describe('seed of what is fixed; it stays the same whatever the seed of the run');

/** Where a trigger draws its noise from. @param name of the trigger */
export function noiseStream(
  name: string,
  { noise, pattern }: { readonly noise: z.output<typeof noiseSetting>; readonly pattern: number },
  { seed, imageKey }: ImageKey,
): Random {
  return noise === 'fixed'
    ? Random.stream(pattern, `trigger/${name}/noise`)
    : Random.stream(seed, `trigger/${name}/noise/${imageKey}`);
}
