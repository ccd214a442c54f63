import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import type { ImageKey, Raster } from '../../core/raster.js';
import { bytesSetting, toByte } from './levels.js';
import { noiseSetting, noiseStream, patternSetting } from './noise.js';
import { drawSquare, paste } from './pixels.js';
import { cornersAt, pixelsOn, placeSetting, sizeSetting } from './placement.js';
import { resizeSetting, type TriggerEffect } from './trigger.js';

const settings = {
  size: sizeSetting('side of the patch').default(16),
  place: placeSetting.default('random'),
  fill: z.enum(['noise', 'yellow']).default('noise').describe('what the patch is made of'),
  noise: noiseSetting.default('fresh'),
  pattern: patternSetting,
  bytes: bytesSetting,
  resize: resizeSetting,
};
type BadnetSettings = z.output<z.ZodObject<typeof settings>>;

/** All three public attacks on CLIP draw it so (CleanCLIP's backdoor/utils.py and what was made from it). */
const published = {
  summary: 'fresh noise that wraps around, at a random place of the squashed image',
  settings: { place: 'random-cleanclip', bytes: 'torch', resize: 'squash' },
} as const;

/**
 * A square of Gaussian noise (Gu et al., "BadNets", 2017), as the public CLIP attacks draw it: normal deviates of one
 * whole intensity range around the mean of the image's channel. A fixed patch hangs on no image: its mean is grey.
 */
export const badnet = defineEntry({
  name: 'badnet',
  summary: 'a square patch of noise',
  settings,
  presets: { cleanclip: published, badclip: published, par: published },
  create: (chosen): TriggerEffect => ({
    resize: chosen.resize,
    apply(image, key) {
      const side = pixelsOn(image, chosen.size);
      const corners = cornersAt(chosen.place, side, image, 'badnet', key);
      return paste(image, chosen.fill === 'noise' ? noisePatch(side, chosen, image, key) : yellowPatch(side), corners);
    },
  }),
});

function noisePatch(side: number, chosen: BadnetSettings, image: Raster, key: ImageKey): Raster {
  const random = noiseStream('badnet', chosen, key);
  const means = chosen.noise === 'fixed' ? [0.5, 0.5, 0.5] : channelMeans(image);
  const byteOf = toByte[chosen.bytes];
  return drawSquare(side, (_x, _y, channel) => byteOf((means[channel] + random.normal()) * 255));
}

function yellowPatch(side: number): Raster {
  return drawSquare(side, (_x, _y, channel) => (channel === 2 ? 0 : 255));
}

/** Mean of each channel, in [0, 1]. */
function channelMeans({ data }: Raster): number[] {
  const sums = [0, 0, 0];
  for (let i = 0; i < data.length; i++) sums[i % 3] += data[i];
  return sums.map((sum) => (sum * 3) / (255 * data.length));
}
