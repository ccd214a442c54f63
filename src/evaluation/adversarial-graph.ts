import type { Preprocess } from '../data/preprocess.js';
import { gradients } from '../graph/autodiff.js';
import * as ops from '../graph/ops/index.js';
import { Graph } from '../graph/value.js';
import {
  headLogits,
  promptConstants,
  zeroShotLogits,
  type FoldedPrompts,
  type GraphOutputs,
  type LinearHead,
  type TextFeatures,
} from '../model/clip-graphs.js';
import { FrozenLayers } from '../model/layers.js';
import { normalisePixels } from '../model/normalise-pixels.js';
import { classTokens, VisionTransformer } from '../model/vision-transformer.js';
import type { ClipWeights } from '../model/weights.js';
import { crossEntropy } from '../training/loss.js';

/** What answers for images: class prompts, or a head in their place, on a tower with visual prompts or none. */
export interface ImageClassifier {
  readonly prompts?: FoldedPrompts | undefined;
  readonly textFeatures: TextFeatures;
  readonly head?: LinearHead | undefined;
}

/**
 * A classifier's losses, and the gradient of each by the pixels of its own image.
 * Inputs: `pixels` [B, 3, S, S] in [0, 1], not normalised; `targets` [B, C], one-hot.
 * Outputs: `logits` [B, C], `losses` [B], `gradient` [B, 3, S, S].
 */
export function adversarialGraph(
  weights: ClipWeights,
  preprocess: Preprocess,
  { prompts, textFeatures, head }: ImageClassifier,
  batch: number,
): GraphOutputs {
  const { imageSize } = weights.architecture.vision;
  const [classes] = textFeatures.shape;
  const graph = new Graph();
  const vision = new VisionTransformer(new FrozenLayers(graph, weights));
  const pixels = graph.input('pixels', [batch, 3, imageSize, imageSize]);
  const folded = promptConstants(graph, prompts);
  const embedded = vision.embed(normalisePixels(pixels, preprocess));
  const states = vision.blocks(embedded, { from: 0, classTokenOnly: true, prompts: folded });
  const embeddings = vision.project(classTokens(states[states.length - 1])); // [B, E]
  const logits =
    head === undefined ? zeroShotLogits(graph, weights, embeddings, textFeatures) : headLogits(embeddings, head); // [B, C]
  const losses = crossEntropy(logits, graph.input('targets', [batch, classes])); // [B]
  const [gradient] = gradients(ops.reshape(ops.reduceSum(losses, [0]), []), [pixels]);
  return { logits, losses, gradient };
}
