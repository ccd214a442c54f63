import * as ops from '../graph/ops/index.js';
import { Graph, type Value } from '../graph/value.js';
import { stack, zeroShotLogits, type GraphOutputs, type TextFeatures } from '../model/clip-graphs.js';
import { FrozenLayers, TrainableLayers, type Layers } from '../model/layers.js';
import { classTokens, unitRows, VisionTransformer } from '../model/vision-transformer.js';
import type { ClipWeights } from '../model/weights.js';
import { crossEntropy, featureRepelling, meanOverBatch } from './loss.js';
import { stepOutputs, type Objective } from './step-outputs.js';

/** What tells the classes of image embeddings apart. */
export type ClassifierHead =
  /** Unit features of the class prompts, at the model's temperature; both stay as they are. */
  | { readonly kind: 'text'; readonly features: TextFeatures }
  /** logits = e Wᵀ + b on embeddings as they come; both train, as `head.weight` [C, E] and `head.bias` [C]. */
  | { readonly kind: 'linear'; readonly classes: number };

/** How features are repelled from those that training began with. */
export interface Repelling {
  /** α: weight of the term; 0: none. */
  readonly alpha: number;
  /** Lower bound of the term of a sample; undefined: none. */
  readonly margin?: number | undefined;
}

export const headNames = { weight: 'head.weight', bias: 'head.bias' } as const;

/**
 * One step of training the vision tower on labelled images: L = L_CE + α L_FR, L_FR over all layers 1 … L against the
 * weights that training began from, and the gradient by every weight that trains.
 *
 * Inputs: every tensor of the vision tower under its canonical name, those of a linear head; `pixel_values`
 * [B, 3, S, S], `targets` [B, C].
 * Outputs: as `stepOutputs`, with the terms `ce`, and `fr` where α is not 0.
 * @param weights what training began from
 */
export function classifierGraph(
  weights: ClipWeights,
  head: ClassifierHead,
  repelling: Repelling,
  batch: number,
): GraphOutputs {
  const { architecture } = weights;
  const { imageSize } = architecture.vision;
  const graph = new Graph();
  const pixels = graph.input('pixel_values', [batch, 3, imageSize, imageSize]);
  const layers = new TrainableLayers(graph, architecture);
  const { tokens, embeddings } = look(layers, pixels);
  const { logits, trained } = classify(weights, head, embeddings);
  const targets = graph.input('targets', logits.shape); // [B, C]
  const ce = meanOverBatch(crossEntropy(logits, targets));
  const frozen = (): Value[] => look(new FrozenLayers(graph, weights), pixels).tokens;
  const objective = withRepelling({ loss: ce, terms: { ce } }, tokens, frozen, repelling);
  return stepOutputs(objective, new Map([...layers.inputs, ...trained]));
}

/**
 * Adds α L_FR to an objective.
 * @param tokens c^1 … c^L, each [B, W]
 * @param frozen makes σ^1 … σ^L, the same of the weights that training began from; called only where α is not 0
 */
export function withRepelling(
  { loss, terms }: Objective,
  tokens: readonly Value[],
  frozen: () => readonly Value[],
  { alpha, margin }: Repelling,
): Objective {
  if (alpha === 0) return { loss, ...(terms === undefined ? {} : { terms }) };
  const sigma = stack(frozen().map(unitRows), tokens[0].shape); // [L, B, W]
  const fr = meanOverBatch(featureRepelling(tokens, sigma, margin));
  return { loss: ops.add(loss, ops.scale(fr, alpha)), terms: { ...terms, fr } };
}

/** c^1 … c^L, each [B, W], and the embeddings, not normalised [B, E]. */
function look(layers: Layers, pixels: Value): { readonly tokens: Value[]; readonly embeddings: Value } {
  const vision = new VisionTransformer(layers);
  const tokens = vision.blocks(vision.embed(pixels), { from: 0, classTokenOnly: true }).map(classTokens);
  return { tokens, embeddings: vision.project(tokens[tokens.length - 1]) };
}

/** Logits [B, C], and what of the head trains, by name. */
function classify(
  weights: ClipWeights,
  head: ClassifierHead,
  embeddings: Value,
): { readonly logits: Value; readonly trained: ReadonlyMap<string, Value> } {
  const { graph } = embeddings;
  if (head.kind === 'text') {
    return { logits: zeroShotLogits(graph, weights, embeddings, head.features), trained: new Map() };
  }
  const weight = graph.input(headNames.weight, [head.classes, weights.architecture.embedDim]);
  const bias = graph.input(headNames.bias, [head.classes]);
  const logits = ops.add(ops.matMul(embeddings, weight, { transB: true }), bias); // [B, C]
  return {
    logits,
    trained: new Map([
      [headNames.weight, weight],
      [headNames.bias, bias],
    ]),
  };
}
