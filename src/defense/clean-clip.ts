import { z } from 'zod';

import { defineEntry } from '../core/catalog.js';
import { autoAugment } from '../data/auto-augment.js';
import { augmentCaption } from '../data/augment-caption.js';
import type { PairSource } from '../data/pair-source.js';
import { toPixelValues } from '../data/preprocess.js';
import * as ops from '../graph/ops/index.js';
import type { Value } from '../graph/value.js';
import type { PairObjective } from '../training/contrastive-graph.js';
import { infoNce, infoNceOneWay } from '../training/loss.js';
import { plainView, type PairView } from '../training/pair-batches.js';
import type { DefenseEffect } from './defense.js';
import { adamW, cleanPairs, trainOnCleanPairs, warmupCosine, pairTrainingShape } from './train-on-clean-pairs.js';

/**
 * CleanCLIP (Bansal et al., "CleanCLIP: Mitigating Data Poisoning Attacks in Multimodal Contrastive Learning", ICCV
 * 2023): fine-tuning on clean pairs by L = λ_c L_cross + λ_s L_self, with L_cross CLIP's own loss and L_self the mean
 * of InfoNCE from images to their augmented images and from captions to their augmented captions, one way each, at the
 * same temperature. The backdoor ties a trigger to a caption; each modality for itself does not know the tie.
 */
export const cleanClip = defineEntry({
  name: 'cleanclip',
  summary: 'fine-tuning on clean pairs by InfoNCE across modalities and within each (CleanCLIP)',
  settings: {
    ...pairTrainingShape,
    crossWeight: z.number().nonnegative().default(1).describe('weight of InfoNCE between images and captions'),
    selfWeight: z.number().nonnegative().default(1).describe('weight of InfoNCE within images and within captions'),
  },
  presets: {
    paper: { summary: 'as the RVPT paper runs it on ViT-B/32, with 250,000 pairs', settings: {} },
    small: {
      summary: 'for models far smaller than any published one; chosen on validation images of the emoji world',
      settings: { epochs: 1, batchSize: 45, learningRate: 2e-3, weightDecay: 0.05 },
    },
  },
  create: (settings): DefenseEffect => ({
    needs: 'pairs',
    run: async (input) => {
      const pairs = cleanPairs(input, 'cleanclip');
      return await trainOnCleanPairs(input, {
        name: 'cleanclip',
        epochs: settings.epochs,
        batchSize: settings.batchSize,
        optimiser: adamW(settings),
        learningRate: warmupCosine(pairs, settings),
        objective: cleanClipObjective(settings),
        views: [plainView, augmentedView(pairs, input.seed)],
      });
    },
  }),
});

/** A batch holds its pairs as they are, then the same ones augmented. Terms: `cross` and `self`. */
export function cleanClipObjective(weights: {
  readonly crossWeight: number;
  readonly selfWeight: number;
}): PairObjective {
  return {
    temperature: 'trained',
    of: ({ images, texts, logitScale }) => {
      const [image, augmentedImage] = halves(images); // [B, E]
      const [text, augmentedText] = halves(texts); // [B, E]
      const cross = infoNce(image, text, logitScale);
      const withinImages = infoNceOneWay(image, augmentedImage, logitScale);
      const withinTexts = infoNceOneWay(text, augmentedText, logitScale);
      const self = ops.scale(ops.add(withinImages, withinTexts), 0.5);
      const loss = ops.add(ops.scale(cross, weights.crossWeight), ops.scale(self, weights.selfWeight));
      return { loss, terms: { cross, self } };
    },
  };
}

/** [2 B, E] gives twice [B, E]. */
function halves(rows: Value): [Value, Value] {
  const [count] = rows.shape;
  return [ops.slice(rows, 0, 0, count / 2), ops.slice(rows, 0, count / 2, count)];
}

/** Images as AutoAugment changes them, anew each epoch; captions as EDA does, drawn once a run. */
function augmentedView(pairs: PairSource, seed: number): PairView {
  return {
    pixels: (crop, preprocess, key, out) => toPixelValues(autoAugment(crop, key), preprocess, out),
    caption: (caption, index) => augmentCaption(caption, seed, pairs.key(index)),
  };
}
