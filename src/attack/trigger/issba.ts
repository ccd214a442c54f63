import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { withFile } from '../../data/text-file.js';
import { IssbaEncoder } from '../issba/issba-codec.js';
import { secretBits } from '../issba/issba-secret.js';
import { PACKAGE_FILE, resizeSetting, type TriggerEffect, type TriggerFromFiles } from './trigger.js';

/**
 * A text hidden in the image by a residual of the image's own (Li et al., "Invisible Backdoor Attack with
 * Sample-Specific Triggers", 2021), by an encoder that this package trains itself. The text is that of the public code;
 * of it 32 bits are hidden, not the letters.
 */
export const issba = defineEntry({
  name: 'issba',
  summary: 'an invisible residual that hides a text, another one for every image',
  settings: {
    secret: z.string().min(1).max(256).default('Stega!!').describe('the text; it is hidden as a hash of 32 bits'),
    strength: z.number().positive().max(10).default(1).describe('factor on the residual'),
    encoder: z
      .string()
      .min(1)
      .default(`${PACKAGE_FILE}issba/encoder.safetensors`)
      .describe('encoder.safetensors of rvpt train-issba'),
    resize: resizeSetting,
  },
  create: ({ secret, strength, encoder, resize }): TriggerFromFiles => ({
    async prepare({ files }): Promise<TriggerEffect> {
      const made = await withFile(files, encoder, (source) => IssbaEncoder.read(source));
      const bits = secretBits(secret);
      return { resize, apply: (image) => made.hide(image, bits, strength) };
    },
  }),
});
