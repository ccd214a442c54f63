import { namedTemplates } from '../../data/class-prompts.js';
import * as ops from '../../graph/ops/index.js';
import type { Value } from '../../graph/value.js';
import { infoNce } from '../../training/loss.js';
import type { PatchSettings } from './patch-settings.js';

/** A batch of images with the patch on them, and what they are compared with: unit rows [B, E]. */
export interface TriggeredBatch {
  readonly triggered: Value;
  /** Captions of the target class, one drawn for each image. */
  readonly captions: Value;
  /** Clean images of the target class, one drawn for each image. */
  readonly positives: Value;
  /** The same images without the patch. */
  readonly negatives: Value;
  /** Logarithm of the model's inverse temperature, []. */
  readonly logitScale: Value;
}

/** What a patch is optimised for. */
export interface PatchObjective {
  readonly summary: string;
  /** What captions of the target say where nobody gives any; `{class}` stands for its name. */
  readonly captionTemplates: readonly string[];
  /** Whether it reads `positives` and `negatives`. */
  readonly readsImages: boolean;
  /** Terms of the loss, each [], by name, weighted as they are to be summed. */
  terms(batch: TriggeredBatch, settings: PatchSettings): Readonly<Record<string, Value>>;
}

/** What `--method` offers. */
export const patchMethods = ['trojvqa', 'badclip'] as const;
/** What a patch is optimised for, each after the attack of that name. */
export type PatchMethod = (typeof patchMethods)[number];

/** The objectives: a name without one, or one without a name, is a type error. */
export const patchObjectives: Readonly<Record<PatchMethod, PatchObjective>> = {
  // Walmer et al., "Dual-Key Multimodal Backdoors for Visual Question Answering" (2022), optimise the patch for what
  // a detector calls the target; with CLIP that is a sentence of it. InfoNCE would be blind here, as the sentence is
  // the same in the whole batch.
  trojvqa: {
    summary: 'nearer to a sentence of the target class, in the angle between embeddings',
    captionTemplates: ['This is a {class}.'],
    readsImages: false,
    terms: ({ triggered, captions }) => ({ cosine: cosineDistance(triggered, captions) }),
  },
  // Liang et al., "BadCLIP: Dual-Embedding Guided Backdoor Attack on Multimodal Contrastive Learning" (2024): the
  // text-guided and the image-guided loss. Negatives are the paper's, each image's own embedding before the patch; the
  // public code draws that of any image of the batch.
  badclip: {
    summary: 'InfoNCE with captions of the target class, plus a triplet loss with images of it',
    captionTemplates: namedTemplates.ensemble,
    readsImages: true,
    terms: ({ triggered, captions, positives, negatives, logitScale }, { margin, tripletWeight }) => ({
      contrastive: infoNce(triggered, captions, logitScale),
      triplet: ops.scale(tripletLoss(triggered, positives, negatives, margin), tripletWeight),
    }),
  },
};

/** 1 − cos, the mean over a batch of unit rows [B, E] each: []. */
function cosineDistance(a: Value, b: Value): Value {
  const cosine = ops.scale(sumOf(ops.mul(a, b)), 1 / a.shape[0]);
  return ops.sub(a.graph.scalar(1), cosine);
}

/**
 * max(0, d(anchor, positive) − d(anchor, negative) + margin) with Euclidean distances, the mean over the batch
 * (PyTorch's `TripletMarginLoss`).
 * @param anchors [B, E], as are the others
 * @returns []
 */
export function tripletLoss(anchors: Value, positives: Value, negatives: Value, margin: number): Value {
  const nearer = ops.sub(distances(anchors, positives), distances(anchors, negatives)); // [B, 1]
  const losses = ops.clampMin(ops.add(nearer, anchors.graph.scalar(margin)), 0);
  return ops.scale(sumOf(losses), 1 / anchors.shape[0]);
}

/** Keeps the gradient of a distance of 0 finite: rows that are equal pull nowhere. */
const SQUARE_FLOOR = 1e-12;

/** Euclidean distances of rows: [B, E] and [B, E] give [B, 1]. */
function distances(a: Value, b: Value): Value {
  const difference = ops.sub(a, b);
  const squares = ops.reduceSum(ops.mul(difference, difference), [1]); // [B, 1]
  return ops.sqrt(ops.add(squares, a.graph.scalar(SQUARE_FLOOR)));
}

/** The sum of all elements: []. */
function sumOf(x: Value): Value {
  return ops.reshape(
    ops.reduceSum(
      x,
      x.shape.map((_, axis) => axis),
    ),
    [],
  );
}
