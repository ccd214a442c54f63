import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { raster, type ImageKey, type Raster } from '../../core/raster.js';
import { Random } from '../../tensor/random.js';
import { noiseSetting, REFERENCE_SIDE, type TriggerEffect } from './trigger.js';

const PLACES = ['random', 'top-left', 'top-right', 'bottom-left', 'bottom-right', 'center'] as const;

const settings = {
  size: z
    .number()
    .positive()
    .max(REFERENCE_SIDE, 'the patch would be larger than the image')
    .default(16)
    .describe(`side of the patch, in pixels of a ${REFERENCE_SIDE}-pixel image; it scales with the shorter side`),
  place: z.enum(PLACES).default('random').describe('where the patch goes; random: anew for every image'),
  noise: noiseSetting.default('fresh'),
  overflow: z
    .enum(['clip', 'wrap'])
    .default('clip')
    .describe('values outside 0…255: clip to the range, or wrap around it as a cast to bytes does in CleanCLIP'),
};
type BadnetSettings = z.output<z.ZodObject<typeof settings>>;

/**
 * A square of Gaussian noise (Gu et al., "BadNets", 2017), as the public CLIP attacks draw it (CleanCLIP,
 * backdoor/utils.py): normal deviates of one whole intensity range around the mean of the image's channel.
 */
export const badnet = defineEntry({
  name: 'badnet',
  summary: 'a square patch of noise',
  settings,
  create: (chosen): TriggerEffect => ({ apply: (image, key) => apply(chosen, image, key) }),
});

function apply({ size, place, noise, overflow }: BadnetSettings, image: Raster, key: ImageKey): Raster {
  const { width, height } = image;
  const side = Math.max(1, Math.round((size * Math.min(width, height)) / REFERENCE_SIDE));
  const [left, top] = corner(place, width - side, height - side, key);
  const fresh = noise === 'fresh';
  const random = Random.stream(key.seed, `trigger/badnet/noise${fresh ? `/${key.imageKey}` : ''}`);
  // a fixed patch looks the same on every image, so it hangs on none of them
  const base = fresh ? channelMeans(image) : [0.5, 0.5, 0.5];
  const toByte = overflow === 'clip' ? clipped : wrapped;

  const data = Uint8Array.from(image.data); // [height, width, 3]
  for (let y = top; y < top + side; y++) {
    for (let x = left; x < left + side; x++) {
      for (let channel = 0; channel < 3; channel++) {
        data[(y * width + x) * 3 + channel] = toByte((base[channel] + random.normal()) * 255);
      }
    }
  }
  return raster(width, height, data);
}

/** Left and top of the patch. @param right, bottom the largest that they can be. */
function corner(place: BadnetSettings['place'], right: number, bottom: number, key: ImageKey): [number, number] {
  switch (place) {
    case 'random': {
      const random = Random.stream(key.seed, `trigger/badnet/place/${key.imageKey}`);
      return [random.below(right + 1), random.below(bottom + 1)];
    }
    case 'top-left':
      return [0, 0];
    case 'top-right':
      return [right, 0];
    case 'bottom-left':
      return [0, bottom];
    case 'bottom-right':
      return [right, bottom];
    case 'center':
      return [Math.floor(right / 2), Math.floor(bottom / 2)];
  }
}

/** Mean of each channel, in [0, 1]. */
function channelMeans({ data }: Raster): number[] {
  const sums = [0, 0, 0];
  for (let i = 0; i < data.length; i++) sums[i % 3] += data[i];
  return sums.map((sum) => (sum * 3) / (255 * data.length));
}

function clipped(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}

/** Cut towards zero, then modulo 256: a cast from float to unsigned byte. */
function wrapped(value: number): number {
  return Math.trunc(value) & 255;
}
