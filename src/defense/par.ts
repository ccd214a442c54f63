import { z } from 'zod';

import { defineEntry } from '../core/catalog.js';
import { perturbedPixels } from '../data/perturb-view.js';
import * as ops from '../graph/ops/index.js';
import type { Value } from '../graph/value.js';
import type { PairObjective } from '../training/contrastive-graph.js';
import { infoNce, meanOverBatch } from '../training/loss.js';
import { pairSteps } from '../training/pair-training.js';
import { rampCosineRate } from '../training/ramp-cosine.js';
import type { DefenseEffect } from './defense.js';
import { cleanPairs, passesShape, trainOnCleanPairs } from './train-on-clean-pairs.js';

/** The farthest that two unit rows are apart, squared. */
const FARTHEST = 4;

const rate = z.number().nonnegative();

/**
 * PAR (Singh et al., "Perturb and Recover: Fine-tuning for Effective Backdoor Removal from CLIP", 2024; settings of the
 * repository PerturbAndRecover): fine-tuning on clean pairs by CLIP's own loss while both towers are driven away from
 * the poisoned model's embeddings of the same pairs.
 */
export const par = defineEntry({
  name: 'par',
  summary: 'fine-tuning on clean pairs away from the poisoned embeddings (Perturb and Recover)',
  settings: {
    epochs: passesShape.epochs.default(2),
    batchSize: passesShape.batchSize.default(2048),
    startRate: rate.default(3e-5).describe('learning rate of the first step of AdamW'),
    learningRate: rate.default(3e-6).describe('learning rate after the ramp, where the cosine begins'),
    endRate: rate.default(1e-9).describe('learning rate that the cosine nears'),
    rampShare: z.number().min(0).max(1).default(0.5).describe('share of all steps that the ramp takes'),
    weightDecay: z.number().nonnegative().default(1e-4).describe('weight decay of AdamW, on matrices only'),
    threshold: z
      .number()
      .positive()
      .max(FARTHEST)
      .default(2.15)
      .describe('τ: mean squared distance from the poisoned embeddings beyond which a tower is driven no further'),
  },
  presets: {
    paper: { summary: 'as published, with 250,000 pairs', settings: {} },
    small: {
      summary: 'for models far smaller than any published one',
      settings: { epochs: 3, batchSize: 45, startRate: 1e-3, learningRate: 3e-4, endRate: 1e-7 },
    },
  },
  create: (settings): DefenseEffect => ({
    needs: 'pairs',
    run: async (input) => {
      const { epochs, batchSize, startRate, learningRate, endRate, rampShare, weightDecay } = settings;
      const steps = pairSteps(cleanPairs(input, 'par'), batchSize) * epochs;
      const schedule = {
        start: startRate,
        middle: learningRate,
        end: endRate,
        rampSteps: Math.floor(rampShare * steps),
        steps,
      };
      return await trainOnCleanPairs(input, {
        name: 'par',
        epochs,
        batchSize,
        optimiser: { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay, decay: 'matrices' },
        learningRate: (step) => rampCosineRate(step, schedule),
        objective: parObjective(settings.threshold),
        views: [{ pixels: perturbedPixels, caption: (caption) => caption }],
      });
    },
  }),
});

/**
 * L = L_CLIP − (d_img + d_txt) / 2, d the mean squared distance of a tower's unit embeddings from the poisoned model's.
 * A distance counts up to τ: beyond it it has no gradient, as in the published code, which sets it to 0 there. The
 * temperature stays as it is. Terms: `infonce`, `image_distance`, `text_distance`.
 * @param threshold τ
 */
export function parObjective(threshold: number): PairObjective {
  return {
    temperature: 'frozen',
    of: ({ images, texts, logitScale, frozen }) => {
      const before = frozen();
      const infonce = infoNce(images, texts, logitScale);
      const imageDistance = distance(images, before.images);
      const textDistance = distance(texts, before.texts);
      const driven = ops.add(atMost(imageDistance, threshold), atMost(textDistance, threshold));
      return {
        loss: ops.sub(infonce, ops.scale(driven, 0.5)),
        terms: { infonce, image_distance: imageDistance, text_distance: textDistance },
      };
    },
  };
}

/** Mean over the rows of their squared distance: twice [B, E] gives []. */
function distance(a: Value, b: Value): Value {
  const difference = ops.sub(a, b);
  const squared = ops.reduceSum(ops.mul(difference, difference), [1]); // [B, 1]
  return meanOverBatch(ops.reshape(squared, [a.shape[0]]));
}

function atMost(x: Value, limit: number): Value {
  return ops.scale(ops.clampMin(ops.scale(x, -1), -limit), -1);
}
