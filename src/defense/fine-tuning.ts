import { z } from 'zod';

import { defineEntry } from '../core/catalog.js';
import { InputError } from '../core/errors.js';
import { augmentationNames } from '../data/augment.js';
import { withRepelling, type Repelling } from '../training/classifier-graph.js';
import { imageBatches, trainClassifier } from '../training/classifier-trainer.js';
import type { PairObjective } from '../training/contrastive-graph.js';
import { infoNce } from '../training/loss.js';
import type { Defended, DefenseEffect, DefenseEntry, DefenseInput } from './defense.js';
import {
  adamW,
  cleanPairs,
  trainOnCleanPairs,
  warmupCosine,
  pairTrainingShape,
  type WarmupCosineTraining,
} from './train-on-clean-pairs.js';

/** The RVPT paper's α. */
const ALPHA = 2;

/** How much features are repelled; `finetune-…` and `finetune-…-fr` differ in their α alone. */
function repellingShape(alpha: number) {
  return {
    alpha: z.number().nonnegative().default(alpha).describe('weight of the feature-repelling loss'),
    margin: z
      .number()
      .min(-1)
      .max(1)
      .default(-1)
      .describe('stop repelling a sample once its mean cosine is below this; -1: never'),
  };
}

interface CrossEntropySettings extends WarmupCosineTraining, Repelling {
  readonly augmentation: (typeof augmentationNames)[number];
}

/**
 * Full fine-tuning of the vision tower on labelled images by zero-shot cross-entropy, the class prompts' features and
 * the temperature frozen (RVPT, table 8).
 */
function byCrossEntropy(name: string, summary: string, alpha: number): DefenseEntry {
  return defineEntry({
    name,
    summary,
    settings: {
      ...pairTrainingShape,
      learningRate: pairTrainingShape.learningRate.default(1e-6),
      weightDecay: pairTrainingShape.weightDecay.default(0.01),
      ...repellingShape(alpha),
      augmentation: z.enum(augmentationNames).default('none').describe('what is done to the images while training'),
    },
    presets: {
      paper: { summary: 'the paper names no settings; these are BadCLIP’s for supervised fine-tuning', settings: {} },
      small: {
        summary: 'for models far smaller than any published one',
        settings: { epochs: 40, batchSize: 32, learningRate: 3e-4, weightDecay: 0.05, augmentation: 'light-crop-flip' },
      },
    },
    create: (settings): DefenseEffect => ({ needs: 'images', run: (input) => tuneOnImages(name, settings, input) }),
  });
}

async function tuneOnImages(name: string, settings: CrossEntropySettings, input: DefenseInput): Promise<Defended> {
  const images = input.images(settings.augmentation);
  const { size } = imageBatches(images.labels.length, settings.batchSize);
  if (size === 0) {
    const [expected, received] = ['labelled images to train on', 'none'];
    throw new InputError({ code: 'data', operation: `defend by ${name}`, expected, received });
  }
  const { weights, steps, trainableParameters } = await trainClassifier({
    ...input,
    task: name,
    images,
    head: { kind: 'text', features: input.textFeatures },
    repelling: settings,
    epochs: settings.epochs,
    batchSize: size,
    optimiser: adamW(settings),
    learningRate: warmupCosine({ count: images.labels.length }, { ...settings, batchSize: size }),
    onStep: async (report, _endOfEpoch, state) => input.onStep?.(report, state),
  });
  return { model: { kind: 'weights', weights }, steps, trainableParameters };
}

/** Full fine-tuning of both towers and the temperature on clean pairs by CLIP's own loss (RVPT, table 8). */
function byInfoNce(name: string, summary: string, alpha: number): DefenseEntry {
  return defineEntry({
    name,
    summary,
    settings: { ...pairTrainingShape, ...repellingShape(alpha) },
    presets: {
      paper: { summary: 'the paper names no settings; these are what it runs CleanCLIP with', settings: {} },
      small: {
        summary: 'for models far smaller than any published one',
        settings: { epochs: 3, batchSize: 45, learningRate: 4e-4, weightDecay: 0.05 },
      },
    },
    create: (settings): DefenseEffect => ({
      needs: 'pairs',
      run: async (input) =>
        await trainOnCleanPairs(input, {
          name,
          epochs: settings.epochs,
          batchSize: settings.batchSize,
          optimiser: adamW(settings),
          learningRate: warmupCosine(cleanPairs(input, name), settings),
          objective: repelledInfoNce(settings),
        }),
    }),
  });
}

/** L = InfoNCE + α L_FR over all layers 1 … L of the vision tower. Terms: `infonce`, and `fr` where α is not 0. */
export function repelledInfoNce(repelling: Repelling): PairObjective {
  return {
    temperature: 'trained',
    of: ({ images, texts, logitScale, classTokens, frozen }) => {
      const infonce = infoNce(images, texts, logitScale);
      return withRepelling({ loss: infonce, terms: { infonce } }, classTokens, () => frozen().classTokens, repelling);
    },
  };
}

export const fineTuneCrossEntropy = byCrossEntropy(
  'finetune-ce',
  'full fine-tuning of the vision tower on labelled images by cross-entropy',
  0,
);
export const fineTuneCrossEntropyRepelling = byCrossEntropy(
  'finetune-ce-fr',
  'full fine-tuning of the vision tower on labelled images by cross-entropy and the feature-repelling loss',
  ALPHA,
);
export const fineTuneInfoNce = byInfoNce('finetune-infonce', 'full fine-tuning of both towers on pairs by InfoNCE', 0);
export const fineTuneInfoNceRepelling = byInfoNce(
  'finetune-infonce-fr',
  'full fine-tuning of both towers on pairs by InfoNCE and the feature-repelling loss',
  ALPHA,
);
