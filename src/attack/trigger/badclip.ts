import { defineEntry } from '../../core/catalog.js';
import { patchEffect, patchSettings } from './patch.js';
import type { TriggerFromFiles } from './trigger.js';

/**
 * A patch optimised against text and image embeddings of the target (Liang et al., "BadCLIP: Dual-Embedding Guided
 * Backdoor Attack on Multimodal Contrastive Learning", 2024). Optimising it is another thing; this puts it on images.
 */
export const badclip = defineEntry({
  name: 'badclip',
  summary: 'a patch optimised against embeddings of the target',
  settings: patchSettings,
  presets: { badclip: { summary: 'in the middle of the squashed image', settings: { resize: 'squash' } } },
  create: (chosen): TriggerFromFiles => ({ prepare: (resources) => patchEffect('badclip', chosen, resources) }),
});
