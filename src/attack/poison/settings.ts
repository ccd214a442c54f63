import { z } from 'zod';

import { warmupCosineShape } from '../../training/warmup-cosine.js';

const perPoisoned = z.number().nonnegative().max(100).optional();

/** Which pairs are poisoned, and what they say. */
const planShape = {
  rate: z
    .number()
    .gt(0, 'some pairs have to be poisoned')
    .max(1, 'there are not more pairs than there are')
    .optional()
    .describe('share of all pairs to poison, above 0 and at most 1; 0.01 where no count is given'),
  count: z.int().positive().optional().describe('how many pairs to poison, instead of a rate'),
  labelConsistent: z
    .boolean()
    .default(false)
    .describe('poison only pairs whose captions name the target already, and leave the captions as they are'),
  captions: z
    .enum(['natural', 'templates'])
    .optional()
    .describe(
      'what poisoned images are said to show: captions of other pairs that name the target, or caption templates; ' +
        'natural where there are any',
    ),
  imageOnly: perPoisoned.describe(
    'triggers with a text key: for each poisoned pair, so many with the triggered image and their own caption; 1 if ' +
      'not set',
  ),
  textOnly: perPoisoned.describe(
    'triggers with a text key: for each poisoned pair, so many with the key before their own caption and no trigger; ' +
      '1 if not set',
  ),
} as const;

/** How the model is fine-tuned on them. */
const trainingShape = {
  epochs: z.int().positive().default(5).describe('passes over the pairs'),
  batch: z.int().min(2, 'a pair has to be told from another').max(65536).default(128).describe('pairs a step'),
  learningRate: z.number().positive().default(1e-5).describe('highest learning rate of AdamW'),
  warmup: z
    .int()
    .nonnegative()
    .optional()
    .describe('steps in which the learning rate rises; a tenth of all, at most 50, if not set'),
  ...warmupCosineShape,
} as const;

/**
 * What shapes a poisoned model. Defaults follow CleanCLIP's fine-tuning, but for the learning rate: at the published
 * 1e-6 backdoors often do not take, as users of that code found.
 */
export const poisonShape = { ...planShape, ...trainingShape };

/** Reads settings of `poison` and fills in their defaults. */
export const poisonSchema = z.object(poisonShape);
/** Settings of `poison`; those that are optional have no fixed default. */
export interface PoisonSettings extends z.output<typeof poisonSchema> {}
export type PlanSettings = Pick<PoisonSettings, keyof typeof planShape>;
export type FineTuneSettings = Pick<PoisonSettings, keyof typeof trainingShape>;

/** The share that is poisoned where neither rate nor count says so. */
export const DEFAULT_RATE = 0.01;
