import type { Preprocess } from '../data/preprocess.js';
import { gradients } from '../graph/autodiff.js';
import * as ops from '../graph/ops/index.js';
import { Graph, type Value } from '../graph/value.js';
import { zeroShotLogits, type GraphOutputs, type TextFeatures } from '../model/clip-graphs.js';
import { FrozenLayers } from '../model/layers.js';
import { normalisePixels } from '../model/normalise-pixels.js';
import { sharedKeysValues } from '../model/transformer.js';
import { classTokens, VisionTransformer } from '../model/vision-transformer.js';
import type { ClipWeights } from '../model/weights.js';
import { crossEntropy } from '../training/loss.js';
import { gradientName, promptedBlocks, promptName, type PromptShape } from './prompt-tuning-graph.js';

/** Both sides of adversarial training, each with its outputs. */
export interface AdversarialPromptGraphs {
  /** The attack's: `gradient` [B, 3, S, S] by the pixels. */
  readonly attack: GraphOutputs;
  /** The prompts': `loss` [], `gradient.{d}` [b, W]. */
  readonly tuning: GraphOutputs;
}

/**
 * Cross-entropy of a prompted CLIP, as the sum over images weighted by `weights`, by pixels and by prompts.
 * Inputs: `pixels` [B, 3, S, S] in [0, 1], `targets` [B, C], `weights` [B], `prompts.{d}` [b, W] for each block d
 * that prompts enter.
 */
export function adversarialPromptGraphs(
  weights: ClipWeights,
  preprocess: Preprocess,
  shape: PromptShape,
  textFeatures: TextFeatures,
  batch: number,
): AdversarialPromptGraphs {
  const { vision: tower } = weights.architecture;
  const graph = new Graph();
  const vision = new VisionTransformer(new FrozenLayers(graph, weights));
  const pixels = graph.input('pixels', [batch, 3, tower.imageSize, tower.imageSize]);
  const prompts = new Map<number, Value>();
  for (const d of promptedBlocks(tower.layers, shape)) {
    prompts.set(d, graph.input(promptName(d), [shape.tokens, tower.width]));
  }
  const keysValues = new Map([...prompts].map(([d, p]) => [d, sharedKeysValues(p, vision.block(d), tower)] as const));

  const embedded = vision.embed(normalisePixels(pixels, preprocess));
  const states = vision.blocks(embedded, { from: 0, classTokenOnly: true, prompts: keysValues });
  const embeddings = vision.project(classTokens(states[states.length - 1])); // [B, E]
  const logits = zeroShotLogits(graph, weights, embeddings, textFeatures); // [B, C]
  const losses = crossEntropy(logits, graph.input('targets', [batch, textFeatures.shape[0]])); // [B]
  const loss = ops.reshape(ops.reduceSum(ops.mul(losses, graph.input('weights', [batch])), [0]), []);
  const [gradient] = gradients(loss, [pixels]);
  const byPrompt = gradients(loss, [...prompts.values()]);
  const named = Object.fromEntries([...prompts.keys()].map((d, i) => [gradientName(d), byPrompt[i]]));
  return { attack: { gradient }, tuning: { loss, ...named } };
}
