import { z } from 'zod';

import { InputError } from '../core/errors.js';
import type { ClipArchitecture, TowerArchitecture } from '../model/architecture.js';

/** What shapes a CLIP that is trained from nothing. The defaults are those of the emoji world's mini-CLIP. */
export const pretrainingShape = {
  patchSize: z.int().positive().default(8).describe('side of a patch in pixels'),
  visionWidth: z.int().positive().default(128).describe('width of the vision transformer'),
  visionLayers: z.int().positive().default(6).describe('blocks of the vision transformer'),
  textWidth: z.int().positive().default(128).describe('width of the text transformer'),
  textLayers: z.int().positive().default(2).describe('blocks of the text transformer'),
  headWidth: z
    .int()
    .positive()
    .default(16)
    .describe("width of an attention head in both transformers; OpenAI's have 64"),
  embedDim: z.int().positive().default(128).describe('width of the space that images and texts share'),
  steps: z.int().positive().default(12000).describe('optimiser steps'),
  batchSize: z.int().min(2).default(45).describe('image-caption pairs a step'),
  learningRate: z.number().positive().default(1e-3).describe('highest learning rate of AdamW'),
  warmupSteps: z.int().nonnegative().default(200).describe('steps over which the learning rate rises'),
  weightDecay: z.number().nonnegative().default(0.05).describe('weight decay of matrices; gains and biases have none'),
  beta1: z.number().min(0).lt(1).default(0.9).describe('decay of the mean gradient in AdamW'),
  beta2: z.number().min(0).lt(1).default(0.98).describe('decay of the mean squared gradient in AdamW'),
  clipNorm: z.number().positive().default(1).describe('largest norm of the gradient over all weights'),
  keptPatches: z.number().gt(0).max(1).default(0.5).describe('share of the patches kept while patches are dropped'),
  droppingShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('share of the steps, from the start, that drop patches'),
} as const;

export const pretrainingSchema = z.object(pretrainingShape);
export type PretrainingSettings = z.output<typeof pretrainingSchema>;

/** Why there is no CLIP of these settings for images of `imageSize` pixels a side: a sentence each, none where there is. */
export function pretrainingProblems(settings: PretrainingSettings, imageSize: number): string[] {
  const { headWidth, visionWidth, textWidth, patchSize } = settings;
  const unfilled = Object.entries({ visionWidth, textWidth }).filter(([, width]) => width % headWidth !== 0);
  return [
    ...unfilled.map(([key, width]) => `${key} ${width} is no multiple of headWidth ${headWidth}`),
    // what a patch cuts off at the edge, other programs take for a smaller image
    ...(imageSize % patchSize === 0 ? [] : [`patchSize ${patchSize} does not divide the images' ${imageSize} pixels`]),
  ];
}

/** How many of an image's patches are kept while patches are dropped: one at least. */
export function keptPatchCount({ keptPatches }: Pick<PretrainingSettings, 'keptPatches'>, patches: number): number {
  return Math.max(1, Math.round(keptPatches * patches));
}

/** The CLIP that settings ask for. @throws InputError (`usage`) when there is none, see `pretrainingProblems` */
export function pretrainingArchitecture(
  settings: PretrainingSettings,
  given: { readonly imageSize: number; readonly contextLength: number; readonly vocabularySize: number },
): ClipArchitecture {
  const { headWidth } = settings;
  const problems = pretrainingProblems(settings, given.imageSize);
  if (problems.length > 0) {
    throw new InputError({
      code: 'usage',
      operation: 'pretrain',
      expected: 'heads that fill the widths of the transformers, and patches that fill the images',
      received: problems.join('; '),
      fix: 'Set another --vision-width, --text-width, --head-width or --patch-size.',
    });
  }
  const tower = (width: number, layers: number): TowerArchitecture => ({
    width,
    layers,
    heads: width / headWidth,
    mlpWidth: 4 * width,
    activation: 'quick_gelu',
    normEpsilon: 1e-5,
  });
  const { contextLength, vocabularySize, imageSize } = given;
  return {
    vision: { ...tower(settings.visionWidth, settings.visionLayers), imageSize, patchSize: settings.patchSize },
    text: {
      ...tower(settings.textWidth, settings.textLayers),
      contextLength,
      vocabularySize,
      endOfText: { kind: 'argmax' },
    },
    embedDim: settings.embedDim,
  };
}
