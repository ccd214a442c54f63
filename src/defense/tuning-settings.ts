import { z } from 'zod';

import { InputError } from '../core/errors.js';
import { augmentationNames } from '../data/augment.js';
import type { ClipArchitecture } from '../model/architecture.js';
import { scheduleNames } from '../training/learning-rate.js';

const paper = {
  depth: 3,
  tokens: 50,
  alpha: 2,
  epochs: 50,
  batchSize: 32,
  learningRate: 0.002,
  schedule: 'cosine',
  warmupEpochs: 1,
  warmupLearningRate: 1e-5,
  momentum: 0.9,
  weightDecay: 5e-4,
  promptStd: 0.02,
  augmentation: 'none',
  views: 4,
  dropLast: true,
} as const;

/** Chosen on validation images of the emoji world, see docs/deviations.md. */
const small = {
  ...paper,
  depth: 0,
  tokens: 64,
  alpha: 8,
  margin: 0.15,
  epochs: 60,
  learningRate: 0.5,
  augmentation: 'light-crop-flip',
  views: 8,
} as const;

/** What a setting is where nobody says: a help text. */
const by = (key: keyof typeof paper): string =>
  paper[key] === small[key]
    ? `; ${paper[key]} if not set`
    : `; if not set ${paper[key]}, in the preset small ${small[key]}`;

/** What shapes a tuned prompt; `tuningSettings` fills in what is left out. */
export const tuningShape = {
  depth: z
    .int()
    .nonnegative()
    .describe(`D: prompts enter the blocks D … L-1, counted from 0${by('depth')}`),
  blocks: z
    .int()
    .positive()
    .optional()
    .describe('prompts enter only so many blocks, from D on; if not set all of them'),
  tokens: z
    .int()
    .positive()
    .max(4096)
    .describe(`b: prompt tokens a block${by('tokens')}`),
  alpha: z
    .number()
    .nonnegative()
    .describe(`weight of the feature-repelling loss${by('alpha')}`),
  margin: z
    .number()
    .min(-1)
    .max(1)
    .optional()
    .describe(
      'stop repelling a sample once its mean cosine is below this; if not set there is no bound, in the preset small 0.15',
    ),
  epochs: z
    .int()
    .positive()
    .describe(`passes over the few-shot images${by('epochs')}`),
  batchSize: z
    .int()
    .positive()
    .max(65536)
    .describe(`images an optimiser step${by('batchSize')}`),
  learningRate: z
    .number()
    .positive()
    .describe(`learning rate of SGD${by('learningRate')}`),
  schedule: z.enum(scheduleNames).describe(`how the learning rate falls${by('schedule')}`),
  warmupEpochs: z
    .int()
    .nonnegative()
    .describe(`epochs at the warm-up learning rate${by('warmupEpochs')}`),
  warmupLearningRate: z
    .number()
    .nonnegative()
    .describe(`constant rate of the warm-up${by('warmupLearningRate')}`),
  momentum: z
    .number()
    .min(0)
    .lt(1)
    .describe(`momentum of SGD${by('momentum')}`),
  weightDecay: z
    .number()
    .nonnegative()
    .describe(`weight decay of SGD${by('weightDecay')}`),
  promptStd: z
    .number()
    .nonnegative()
    .describe(`standard deviation of the initial prompts${by('promptStd')}`),
  augmentation: z.enum(augmentationNames).describe(`what is done to the images while tuning${by('augmentation')}`),
  views: z
    .int()
    .nonnegative()
    .max(1000)
    .describe(`with augmentation: cached views an image, taken in turn; 0 draws a new view each epoch${by('views')}`),
  dropLast: z
    .boolean()
    .describe(`leave out the last, smaller batch of an epoch, unless it is the only one${by('dropLast')}`),
} as const;

export const tuningSchema = z.object(tuningShape);
/** Settings of a tuning, every one given. */
export interface TuningSettings extends z.output<typeof tuningSchema> {}

export const givenTuningSchema = tuningSchema.partial();
/** Some settings of a tuning, as a person gives them: those left out are the preset's. */
export interface GivenTuning extends z.output<typeof givenTuningSchema> {}

/**
 * What a person asks for when they say little. `paper`: the paper's settings; where it is silent, those of CoOp and
 * Dassl, the code base of the field. `small`: for CLIPs far smaller than any published one. docs/deviations.md gives
 * the reason for each.
 */
export const tuningPresets: Readonly<Record<TuningPreset, TuningSettings>> = { paper, small };
export const tuningPresetNames = ['paper', 'small'] as const;
/** Names of {@link tuningPresets}. */
export type TuningPreset = (typeof tuningPresetNames)[number];

/** No published ViT CLIP has fewer blocks. */
const PUBLISHED_BLOCKS = 12;

/** The preset that suits a model. */
export function presetFor({ vision }: ClipArchitecture): TuningPreset {
  return vision.layers < PUBLISHED_BLOCKS ? 'small' : 'paper';
}

/**
 * Settings with those left out taken from a preset.
 * @throws InputError (`usage`) that lists all that is wrong
 */
export function tuningSettings(
  given: Readonly<Record<string, unknown>> = {},
  preset: TuningPreset = 'paper',
): TuningSettings {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  const parsed = tuningSchema.safeParse({ ...tuningPresets[preset], ...Object.fromEntries(set) });
  if (parsed.success) return parsed.data;
  throw new InputError({
    code: 'usage',
    operation: 'configure tuning',
    expected: 'settings that fit',
    received: parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`).join('; '),
  });
}
