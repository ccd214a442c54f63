import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { alphaSetting } from './blended.js';
import { coverage, lineColumns, lineRows } from './letters.js';
import { blend, bytesSetting } from './levels.js';
import { mapPixels } from './pixels.js';
import { pixelsOn, sizeSetting } from './placement.js';
import { resizeSetting, type TriggerEffect } from './trigger.js';

/**
 * Red letters across the middle, as a watermark: the red channel is blended towards full where there is a letter and
 * nothing else changes (Singh et al., "Perturb and Recover", 2024; PerturbAndRecover, backdoor/utils.py blends what is
 * not 0 of a red picture). That code ships its line as a picture, set in a font; the letters here are drawn, so the
 * formula is theirs and the shapes are not.
 */
export const text = defineEntry({
  name: 'text',
  summary: 'a line of red letters across the middle',
  settings: {
    text: z
      .string()
      .regex(/^[A-Z0-9 ]{2,24}$/i, 'expected 2 to 24 of A to Z, 0 to 9 and spaces')
      .default('WATERMARK')
      .describe('2 to 24 letters, digits and spaces; small letters become capitals'),
    width: sizeSetting('length of the line').default(160),
    alpha: alphaSetting.default(0.5),
    bytes: bytesSetting,
    resize: resizeSetting,
  },
  presets: {
    par: { summary: 'over the squashed image, fractions cut off', settings: { bytes: 'torch', resize: 'squash' } },
  },
  create(chosen): TriggerEffect {
    const line = chosen.text.toUpperCase();
    const mix = blend[chosen.bytes];
    return {
      resize: chosen.resize,
      apply(image) {
        // the size of a dot of the letters, in pixels
        const dot = pixelsOn(image, chosen.width) / lineColumns(line);
        const left = (image.width - dot * lineColumns(line)) / 2;
        const top = (image.height - dot * lineRows) / 2;
        return mapPixels(image, (value, x, y, channel) => {
          if (channel !== 0) return value;
          const share = chosen.alpha * coverage(line, (x - left) / dot, (y - top) / dot, 1 / dot);
          return share === 0 ? value : mix(value, 1 - share, 255, share);
        });
      },
    };
  },
});
