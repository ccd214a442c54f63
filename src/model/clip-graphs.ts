import * as ops from '../graph/ops/index.js';
import { Graph, type Value } from '../graph/value.js';
import type { Tensor } from '../tensor/tensor.js';
import { FrozenLayers } from './layers.js';
import { textEmbedding } from './text-transformer.js';
import { sharedKeysValues, type SharedKeysValues } from './transformer.js';
import { classTokens, unitRows, VisionTransformer, type PromptKeysValues } from './vision-transformer.js';
import type { ClipWeights } from './weights.js';

/** Named outputs of a graph that is ready to be lowered. */
export type GraphOutputs = Record<string, Value>;

/** Unit text features, one row a class: [C, E]. */
export type TextFeatures = Tensor;

/** A linear classifier on image embeddings: logits = e Wᵀ + b. */
export interface LinearHead {
  /** W, one row a class: [C, E]. */
  readonly weight: Tensor;
  /** b, [C]. */
  readonly bias: Tensor;
  /** Whether it reads embeddings of length 1, or as they come. */
  readonly unit: boolean;
}

/** Keys and values of one block's prompts, both [H, b, W / H]: all that inference needs of them. */
export interface FoldedPrompt {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** By block number d. */
export type FoldedPrompts = ReadonlyMap<number, FoldedPrompt>;

export interface ImageGraphOptions {
  readonly batch: number;
  readonly prompts?: FoldedPrompts;
  /** Also classify: adds the output `logits` [B, C]. */
  readonly textFeatures?: TextFeatures;
  /** Classify by this in place of class prompts: adds the output `logits` [B, C]. */
  readonly head?: LinearHead;
  /** Also give the class token after every block: adds the output `class_tokens` [L + 1, B, W], c^0 first. */
  readonly classTokens?: boolean;
  /** Also give the last block's attention of the class token to each patch, mean over heads: `attention` [B, M]. */
  readonly attention?: boolean;
}

/** logits = exp(logit_scale) · cos(image, text): image embeddings [B, E] and unit text rows [C, E] give [B, C]. */
export function zeroShotLogits(
  graph: Graph,
  weights: ClipWeights,
  imageEmbeddings: Value,
  textFeatures: TextFeatures,
): Value {
  const classes = graph.constant('text features', textFeatures.shape, textFeatures.data);
  return logitsOf(weights, unitRows(imageEmbeddings), classes);
}

/** exp(logit_scale) · cos: unit rows [B, E] and [C, E] give [B, C]. */
export function logitsOf(weights: ClipWeights, images: Value, texts: Value): Value {
  const scale = images.graph.constant('logit scale', [], async () =>
    Float32Array.of(Math.exp((await weights.read('logit_scale'))[0])),
  );
  return ops.mul(ops.matMul(images, texts, { transB: true }), scale);
}

/** logits = e Wᵀ + b: image embeddings e [B, E], which the head scales to length 1 or not, give [B, C]. */
export function headLogits(imageEmbeddings: Value, { weight, bias, unit }: LinearHead): Value {
  const { graph } = imageEmbeddings;
  const rows = unit ? unitRows(imageEmbeddings) : imageEmbeddings; // [B, E]
  const classes = graph.constant('head weight', weight.shape, weight.data);
  const offsets = graph.constant('head bias', bias.shape, bias.data);
  return ops.add(ops.matMul(rows, classes, { transB: true }), offsets); // [B, C]
}

/**
 * The vision tower for inference.
 * Input: `pixel_values` [B, 3, S, S]. Outputs: `image_embeds` [B, E], not normalised, and what the options add.
 */
export function imageGraph(weights: ClipWeights, options: ImageGraphOptions): GraphOutputs {
  const { batch, textFeatures, head } = options;
  const { imageSize, width } = weights.architecture.vision;
  const graph = new Graph();
  const vision = new VisionTransformer(new FrozenLayers(graph, weights));
  const prompts = promptConstants(graph, options.prompts);
  const embedded = vision.embed(graph.input('pixel_values', [batch, 3, imageSize, imageSize]));
  const states = [embedded, ...vision.blocks(embedded, { from: 0, classTokenOnly: true, prompts })];
  const tokens = states.map(classTokens); // each [B, W]
  const embeddings = vision.project(tokens[tokens.length - 1]); // [B, E]
  const outputs: GraphOutputs = { image_embeds: embeddings };
  if (head !== undefined) outputs['logits'] = headLogits(embeddings, head);
  else if (textFeatures !== undefined) outputs['logits'] = zeroShotLogits(graph, weights, embeddings, textFeatures);
  if (options.classTokens === true) outputs['class_tokens'] = stack(tokens, [batch, width]);
  if (options.attention === true) outputs['attention'] = vision.lastAttention(states[states.length - 2], prompts);
  return outputs;
}

/** Keys and values of prompts as constants of a graph. */
export function promptConstants(graph: Graph, folded: FoldedPrompts = new Map()): PromptKeysValues {
  const prompts = new Map<number, SharedKeysValues>();
  for (const [d, { keys, values }] of folded) {
    prompts.set(d, {
      keys: graph.constant(`prompt keys ${d}`, keys.shape, keys.data),
      values: graph.constant(`prompt values ${d}`, values.shape, values.data),
    });
  }
  return prompts;
}

/**
 * The text tower. Inputs: `input_ids` int64 [n, T], `end_of_text` [n, 1, T] (see `endOfTextMask`), with T at most the
 * context length; texts are independent of what stands behind their end token.
 * Output: `text_embeds` [n, E], not normalised.
 */
export function textGraph(weights: ClipWeights, count: number, tokens: number): GraphOutputs {
  const graph = new Graph();
  const ids = graph.input('input_ids', [count, tokens], 'int64');
  const endOfText = graph.input('end_of_text', [count, 1, tokens]);
  return { text_embeds: textEmbedding(new FrozenLayers(graph, weights), ids, endOfText) };
}

/** Input: `prompts` [b, W] of block d. Outputs: `keys`, `values` [H, b, W / H]. */
export function promptGraph(weights: ClipWeights, d: number, tokens: number): GraphOutputs {
  const { vision } = weights.architecture;
  const graph = new Graph();
  const prompts = graph.input('prompts', [tokens, vision.width]);
  return { ...sharedKeysValues(prompts, new VisionTransformer(new FrozenLayers(graph, weights)).block(d), vision) };
}

/** Values of one shape on top of each other: [values, ...shape]. */
export function stack(values: readonly Value[], shape: readonly number[]): Value {
  const [first, ...rest] = values.map((value) => ops.reshape(value, [1, ...shape]));
  return ops.concat([first, ...rest], 0);
}
