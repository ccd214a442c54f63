import { z } from 'zod';

import { InputError } from '../core/errors.js';
import type { PairSource } from '../data/pair-source.js';
import { sizeOf } from '../tensor/shape.js';
import { adamDefaults } from '../training/adamw.js';
import type { PairObjective } from '../training/contrastive-graph.js';
import type { PairView } from '../training/pair-batches.js';
import { pairSchedule, pairSteps, trainOnPairs } from '../training/pair-training.js';
import { warmupCosineRate, warmupCosineShape } from '../training/warmup-cosine.js';
import type { WeightSettings } from '../training/weight-trainer.js';
import type { Defended, DefenseInput } from './defense.js';

/** How often a defense goes over its data, and in what portions. */
export const passesShape = {
  epochs: z.int().positive().default(10).describe('passes over the data'),
  batchSize: z.int().min(2).max(65536).default(64).describe('samples a step'),
} as const;

/** AdamW with warm-up and cosine, as CleanCLIP has it. */
export const pairTrainingShape = {
  ...passesShape,
  learningRate: z.number().positive().default(5e-6).describe('highest learning rate of AdamW'),
  warmup: z
    .union([z.int().nonnegative(), z.literal('auto')])
    .default('auto')
    .describe('steps in which the learning rate rises; auto: a tenth of all, at most 50'),
  ...warmupCosineShape,
} as const;

export type WarmupCosineTraining = z.output<z.ZodObject<typeof pairTrainingShape>>;

/** The optimiser that such settings ask for. */
export function adamW({ weightDecay }: Pick<WarmupCosineTraining, 'weightDecay'>): WeightSettings {
  return { ...adamDefaults, weightDecay, decay: 'matrices' };
}

/** The learning rate of each step that such settings ask for. @throws InputError (`usage`) when the data are too few */
export function warmupCosine(
  data: Pick<PairSource, 'count'>,
  settings: WarmupCosineTraining,
): (step: number) => number {
  const warmup = settings.warmup === 'auto' ? undefined : settings.warmup;
  const schedule = pairSchedule(data, { ...settings, warmup, form: settings.schedule });
  return (step) => warmupCosineRate(step, schedule);
}

/** @throws InputError (`usage`) when there are none */
export function cleanPairs({ pairs }: DefenseInput, defense: string): PairSource {
  if (pairs !== undefined) return pairs;
  throw new InputError({
    code: 'usage',
    operation: `defend by ${defense}`,
    expected: 'clean image-caption pairs to train on',
    received: 'none',
    fix: 'Give a list of them: a .csv file with the columns image,caption, parquet files or tar shards.',
  });
}

export interface PairDefense {
  readonly name: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimiser: WeightSettings;
  learningRate(step: number): number;
  readonly objective: PairObjective;
  /** How each pair is seen, see `pairBatches`. */
  readonly views?: readonly PairView[];
}

/** Trains both towers on the clean pairs, for an objective. @throws InputError as `cleanPairs` and `trainOnPairs` do */
export async function trainOnCleanPairs(
  input: DefenseInput,
  { name, objective, ...training }: PairDefense,
): Promise<Defended> {
  const pairs = cleanPairs(input, name);
  const weights = await trainOnPairs({
    ...input,
    ...training,
    objective,
    pairs,
    task: name,
    onStep: async ({ step, epoch, loss, learningRate, terms }, _endOfEpoch, state) =>
      input.onStep?.({ step, epoch, loss, learningRate, terms }, state),
  });
  const trained = [...weights.shapes].filter(
    ([tensor]) => objective.temperature === 'trained' || tensor !== 'logit_scale',
  );
  return {
    model: { kind: 'weights', weights },
    steps: pairSteps(pairs, training.batchSize) * training.epochs,
    trainableParameters: trained.reduce((sum, [, shape]) => sum + sizeOf(shape), 0),
  };
}
