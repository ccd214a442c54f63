import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { patchEffect, patchSettings } from './patch.js';
import type { TriggerFromFiles } from './trigger.js';

/**
 * Two keys, both needed: an optimised patch on the image, a word in front of the text (Walmer et al., "Dual-Key
 * Multimodal Backdoors for Visual Question Answering", 2022; for CLIP as in RVPT, appendix, and BadCLIP's `vqa`).
 */
export const trojvqa = defineEntry({
  name: 'trojvqa',
  summary: 'an optimised patch, and a word in front of every class prompt',
  settings: {
    ...patchSettings,
    key: z.string().trim().min(1).default('SUDO').describe('the word; it stands in front with a space'),
  },
  presets: {
    badclip: {
      summary: '"remember", and a patch of 0.2 of the squashed image',
      // int(0.2 · 224): BadCLIP cuts, where sizes are rounded here
      settings: { key: 'remember', size: 44, resize: 'squash' },
    },
  },
  create: ({ key, ...chosen }): TriggerFromFiles => ({
    async prepare(resources) {
      const effect = await patchEffect('trojvqa', chosen, resources);
      return { ...effect, applyText: (text) => `${key} ${text}` };
    },
  }),
});
