import { defineEntry } from '../../core/catalog.js';
import type { Random } from '../../tensor/random.js';
import { alphaSetting } from './blended.js';
import { blend, bytesSetting, toByte } from './levels.js';
import { noiseSetting, noiseStream, patternSetting } from './noise.js';
import { mapSquares } from './pixels.js';
import { cornersAt, pixelsOn, placeSetting, sizeSetting } from './placement.js';
import { REFERENCE_SIDE, resizeSetting, type TriggerEffect } from './trigger.js';

/**
 * Vertical stripes, each channel of each −1 or 1 where pixels go from 0 to 1 (Singh et al., "Perturb and Recover",
 * 2024; PerturbAndRecover, backdoor/utils.py): blended thinly over the whole image, or as a patch like BadNet's. That
 * code clips what it blends and not what it pastes.
 */
export const stripes = defineEntry({
  name: 'stripes',
  summary: 'vertical stripes, thinly over the whole image or as a patch',
  settings: {
    size: sizeSetting('side of the striped square').default(REFERENCE_SIDE),
    place: placeSetting.default('random'),
    width: sizeSetting('width of a stripe').default(1),
    alpha: alphaSetting.default(0.03),
    noise: noiseSetting.default('fresh'),
    pattern: patternSetting,
    bytes: bytesSetting,
    resize: resizeSetting,
  },
  presets: {
    'par-blended': {
      summary: 'fresh stripes of one pixel over the squashed image, at 0.03',
      settings: { bytes: 'torch', resize: 'squash' },
    },
    'par-badnet': {
      summary: 'a patch of fresh stripes, at a random place of the squashed image',
      settings: { size: 16, alpha: 1, place: 'random-cleanclip', bytes: 'torch', resize: 'squash' },
    },
  },
  create: (chosen): TriggerEffect => ({
    resize: chosen.resize,
    apply(image, key) {
      const { alpha, place, bytes, width } = chosen;
      const side = pixelsOn(image, chosen.size);
      const signs = stripeSigns(side, pixelsOn(image, width), noiseStream('stripes', chosen, key));
      const mix = blend[bytes];
      const level = (value: number, sign: number): number =>
        alpha === 1 ? toByte[bytes](255 * sign) : mix(value, 1 - alpha, 255 * sign, alpha);
      const corners = cornersAt(place, side, image, 'stripes', key);
      return mapSquares(image, side, corners, (value, x, _y, channel) => level(value, signs[x * 3 + channel]));
    },
  }),
});

/** −1 or 1 for each column and channel: [side, 3]. */
function stripeSigns(side: number, width: number, random: Random): Int8Array {
  const signs = new Int8Array(side * 3);
  for (let x = 0; x < side; x++) {
    for (let channel = 0; channel < 3; channel++) {
      const at = x * 3 + channel;
      signs[at] = x % width === 0 ? random.below(2) * 2 - 1 : signs[at - 3];
    }
  }
  return signs;
}
