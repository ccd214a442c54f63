import { z } from 'zod';

import { sizeSetting } from '../trigger/placement.js';

/**
 * What shapes an optimised patch. Size, place, initial values and margin are those of the public code (BadCLIP,
 * src/embeding_optimize_patch.py), which takes 7,800 steps of 64 images at a rate of 0.001; fewer and larger steps end
 * where those do.
 */
export const patchShape = {
  size: sizeSetting('side of the patch').default(16),
  steps: z.int().positive().max(1_000_000).default(500).describe('optimiser steps'),
  batchSize: z.int().min(2).max(4096).default(64).describe('images an optimiser step'),
  learningRate: z.number().positive().default(0.02).describe('learning rate of Adam, for pixels in 0…1'),
  margin: z
    .number()
    .nonnegative()
    .default(1)
    .describe('badclip: how much nearer to images of the target than to where it was an image is to come'),
  tripletWeight: z.number().nonnegative().default(500).describe('badclip: weight of the triplet loss'),
} as const;

export const patchSchema = z.object(patchShape);
/** Settings of `optimisePatch`, every one given. */
export interface PatchSettings extends z.output<typeof patchSchema> {}
