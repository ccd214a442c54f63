import { z } from 'zod';

import { scheduleNames } from '../training/learning-rate.js';

/**
 * What shapes a tuned prompt. Defaults are the paper's; where it is silent, those of CoOp and Dassl,
 * the code base of the field. docs/deviations.md gives the reason for each.
 */
export const tuningShape = {
  depth: z.int().nonnegative().default(3).describe('D: prompts enter the blocks D … L-1, counted from 0'),
  tokens: z.int().positive().max(4096).default(50).describe('b: prompt tokens a block'),
  alpha: z.number().nonnegative().default(2).describe('weight of the feature-repelling loss'),
  margin: z
    .number()
    .min(-1)
    .max(1)
    .optional()
    .describe('stop repelling a sample once its mean cosine is below this; without it there is no bound'),
  epochs: z.int().positive().default(50).describe('passes over the few-shot images'),
  batchSize: z.int().positive().max(65536).default(32).describe('images an optimiser step'),
  learningRate: z.number().positive().default(0.002).describe('learning rate of SGD'),
  schedule: z.enum(scheduleNames).default('cosine').describe('how the learning rate falls'),
  warmupEpochs: z.int().nonnegative().default(1).describe('epochs at the warm-up learning rate'),
  warmupLearningRate: z.number().nonnegative().default(1e-5).describe('constant rate of the warm-up'),
  momentum: z.number().min(0).lt(1).default(0.9).describe('momentum of SGD'),
  weightDecay: z.number().nonnegative().default(5e-4).describe('weight decay of SGD'),
  promptStd: z.number().nonnegative().default(0.02).describe('standard deviation of the initial prompts'),
  augmentation: z.enum(['none', 'crop-flip']).default('none').describe('what is done to the images while tuning'),
  views: z
    .int()
    .nonnegative()
    .max(1000)
    .default(4)
    .describe('with crop-flip: cached views an image, taken in turn; 0 draws a new view each epoch'),
  dropLast: z
    .boolean()
    .default(true)
    .describe('leave out the last, smaller batch of an epoch, unless it is the only one'),
} as const;

export const tuningSchema = z.object(tuningShape);
export type TuningSettings = z.output<typeof tuningSchema>;
