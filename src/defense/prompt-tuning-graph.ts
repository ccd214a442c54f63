import { gradients } from '../graph/autodiff.js';
import * as ops from '../graph/ops/index.js';
import { Graph, type Value } from '../graph/value.js';
import { patchCount } from '../model/architecture.js';
import { stack, zeroShotLogits, type GraphOutputs, type TextFeatures } from '../model/clip-graphs.js';
import { FrozenLayers } from '../model/layers.js';
import { sharedKeysValues } from '../model/transformer.js';
import { classTokens, unitRows, VisionTransformer } from '../model/vision-transformer.js';
import type { ClipWeights } from '../model/weights.js';
import { crossEntropy, featureRepelling } from '../training/loss.js';

export interface PromptShape {
  /** D: the first block that prompts enter, counted from 0. */
  readonly depth: number;
  /** How many blocks they enter; undefined: all from D on. */
  readonly blocks?: number | undefined;
  /** b: prompt tokens a block. */
  readonly tokens: number;
}

/** The blocks that prompts enter: D … L − 1, or the first so many of these. */
export function promptedBlocks(
  layers: number,
  { depth, blocks = layers - depth }: Omit<PromptShape, 'tokens'>,
): number[] {
  return Array.from({ length: blocks }, (_, i) => depth + i);
}

export interface ObjectiveSettings {
  /** α: weight of the feature-repelling term; 0 is plain visual prompt tuning. */
  readonly alpha: number;
  /** Lower bound of the feature-repelling term of a sample; undefined: none. */
  readonly margin: number | undefined;
}

/** The name of the prompts of block d, as graph input, as gradient output (`d…`) and in files. */
export const promptName = (d: number): string => `prompts.${d}`;
export const gradientName = (d: number): string => `gradient.${d}`;

/**
 * What stays the same for an image while prompts are tuned: f^D, and the class tokens σ of the unprompted model as
 * rows of length 1.
 * Inputs: `pixel_values` [B, 3, S, S]. Outputs: `state` [B, 1 + M, W], `sigma` [L − D, B, W].
 */
export function frozenFeaturesGraph(weights: ClipWeights, depth: number, batch: number): GraphOutputs {
  const { imageSize, width } = weights.architecture.vision;
  const graph = new Graph();
  const vision = new VisionTransformer(new FrozenLayers(graph, weights));
  const embedded = vision.embed(graph.input('pixel_values', [batch, 3, imageSize, imageSize]));
  const states = [embedded, ...vision.blocks(embedded, { from: 0, classTokenOnly: true })];
  const sigma = states.slice(depth + 1).map((state) => unitRows(classTokens(state)));
  return { state: states[depth], sigma: stack(sigma, [batch, width]) };
}

/**
 * One step's loss and gradients on cached features, as the sum over the samples weighted by `weights`, so that a
 * batch may come in parts and a part may be padded with samples of weight 0.
 *
 * Inputs: `state` [B, 1 + M, W], `sigma` [L − D, B, W], `targets` [B, C], `weights` [B],
 * `prompts.{d}` [b, W] for each block d that prompts enter.
 * Outputs: `loss`, `ce`, `fr` [], `logits` [B, C], `gradient.{d}` [b, W].
 * @param textFeatures unit rows, one a class: [C, E]
 */
export function tuningStepGraph(
  weights: ClipWeights,
  prompts: PromptShape,
  objective: ObjectiveSettings,
  textFeatures: TextFeatures,
  batch: number,
): GraphOutputs {
  const { architecture } = weights;
  const { layers, width } = architecture.vision;
  const tokens = 1 + patchCount(architecture.vision);
  const graph = new Graph();
  const vision = new VisionTransformer(new FrozenLayers(graph, weights));
  const state = graph.input('state', [batch, tokens, width]);
  const sigma = graph.input('sigma', [layers - prompts.depth, batch, width]);
  const targets = graph.input('targets', [batch, textFeatures.shape[0]]);
  const sampleWeights = graph.input('weights', [batch]);

  const trainable = new Map<number, Value>();
  for (const d of promptedBlocks(layers, prompts)) {
    trainable.set(d, graph.input(promptName(d), [prompts.tokens, width]));
  }
  const keysValues = new Map(
    [...trainable].map(([d, p]) => [d, sharedKeysValues(p, vision.block(d), architecture.vision)] as const),
  );
  const states = vision.blocks(state, { from: prompts.depth, classTokenOnly: true, prompts: keysValues });
  const tokensByLayer = states.map(classTokens);
  const embeddings = vision.project(tokensByLayer[tokensByLayer.length - 1]); // [B, E]
  const logits = zeroShotLogits(graph, weights, embeddings, textFeatures); // [B, C]

  const weighted = (perSample: Value): Value => ops.reshape(ops.reduceSum(ops.mul(perSample, sampleWeights), [0]), []);
  const ce = weighted(crossEntropy(logits, targets));
  const fr = weighted(featureRepelling(tokensByLayer, sigma, objective.margin));
  const loss = objective.alpha === 0 ? ce : ops.add(ce, ops.scale(fr, objective.alpha));
  const blocks = [...trainable.keys()];
  const byPrompt = gradients(loss, [...trainable.values()]);
  const named = Object.fromEntries(byPrompt.map((gradient, i) => [gradientName(blocks[i]), gradient]));
  return { loss, ce, fr, logits, ...named };
}
