import * as ops from '../graph/ops/index.js';
import { Graph, type Value } from '../graph/value.js';
import { logitsOf, promptConstants, type FoldedPrompts, type GraphOutputs } from './clip-graphs.js';
import { FrozenLayers } from './layers.js';
import { causalMask, projectText, textStates } from './text-transformer.js';
import { classTokens, unitRows, VisionTransformer } from './vision-transformer.js';
import type { ClipWeights } from './weights.js';

// The graphs that other programs run. Their inputs are what tokenizers and image processors give, so they find the end
// of a text themselves, and batches and texts are of any length. Names of inputs and outputs are those of Hugging Face's
// exports.

/** A CLIP to be taken elsewhere. */
export interface PortableClip {
  readonly weights: ClipWeights;
  /** Keys and values of the visual prompts of a defended model. */
  readonly prompts?: FoldedPrompts | undefined;
  /** Token id that ends a text, see `Tokenizer.endToken`. */
  readonly endToken: number;
}

/**
 * Input: `pixel_values` [batch, 3, S, S]. Output: `image_embeds` [batch, E], not normalised: Hugging Face's
 * CLIPVisionModelWithProjection.
 */
export function portableVision(clip: PortableClip): GraphOutputs {
  const graph = new Graph();
  return { image_embeds: imageEmbeddings(graph, clip, graph.freeAxis('batch_size')) };
}

/**
 * Input: `input_ids` int64 [batch, tokens], at most the context length of them. Output: `text_embeds` [batch, E], not
 * normalised: Hugging Face's CLIPTextModelWithProjection.
 */
export function portableText(clip: PortableClip): GraphOutputs {
  const graph = new Graph();
  return { text_embeds: textEmbeddings(graph, clip, graph.freeAxis('batch_size'), graph.freeAxis('sequence_length')) };
}

/**
 * Both towers: inputs as theirs. Outputs: `logits_per_image` [images, texts], `logits_per_text` [texts, images], and
 * `image_embeds`, `text_embeds` scaled to length 1: Hugging Face's CLIPModel.
 */
export function portableClip(clip: PortableClip): GraphOutputs {
  const graph = new Graph();
  const [texts, tokens, images] = ['text_batch_size', 'sequence_length', 'image_batch_size'].map((name) =>
    graph.freeAxis(name),
  );
  const textRows = unitRows(textEmbeddings(graph, clip, texts, tokens)); // [texts, E]
  const imageRows = unitRows(imageEmbeddings(graph, clip, images)); // [images, E]
  const logits = logitsOf(clip.weights, imageRows, textRows); // [images, texts]
  return {
    logits_per_image: logits,
    logits_per_text: ops.transpose(logits, [1, 0]),
    text_embeds: textRows,
    image_embeds: imageRows,
  };
}

function imageEmbeddings(graph: Graph, { weights, prompts }: PortableClip, images: number): Value {
  const { imageSize } = weights.architecture.vision;
  const vision = new VisionTransformer(new FrozenLayers(graph, weights));
  const embedded = vision.embed(graph.input('pixel_values', [images, 3, imageSize, imageSize]));
  const states = vision.blocks(embedded, {
    from: 0,
    classTokenOnly: true,
    prompts: promptConstants(graph, prompts),
  });
  return vision.project(classTokens(states[states.length - 1])); // [images, E]
}

/**
 * A tokenizer that cuts a long text may cut its end token off (transformers.js does), and the embedding would be read at
 * some word. Here the last place of the context always holds the end token, as our own tokenizer has it. In shorter texts,
 * and behind another end token, that changes nothing.
 */
function textEmbeddings(graph: Graph, { weights, endToken }: PortableClip, texts: number, tokens: number): Value {
  const { contextLength, width, vocabularySize, endOfText } = weights.architecture.text;
  if (endToken >= vocabularySize) throw new RangeError(`end token ${endToken} of ${vocabularySize} tokens`);
  const layers = new FrozenLayers(graph, weights);
  const ids = graph.input('input_ids', [texts, tokens], 'int64');
  const here = (x: Value, axis: number): Value => ops.firstPlaces(x, axis, ids, 1);

  const isKept = Float32Array.from({ length: contextLength }, (_, place) => (place < contextLength - 1 ? 1 : 0));
  const kept = here(graph.constant('kept ids', [contextLength], isKept), 0); // [T]
  const endAtLast = isKept.map((one) => (one === 1 ? 0 : endToken));
  const read = ops.add(
    ops.mul(ops.toFloat(ids), kept),
    here(graph.constant('end of context', [contextLength], endAtLast), 0),
  ); // the ids that are read, [n, T]

  const embedded = ops.gather(layers.tensor('text.token_embedding'), ids); // [n, T, W]
  const keptRows = here(graph.constant('kept rows', [contextLength, 1], isKept), 0); // [T, 1]
  const positions = graph.constant('positions', [contextLength, width], async () => {
    const rows = (await weights.read('text.position_embedding')).slice();
    const end = (await weights.read('text.token_embedding')).subarray(endToken * width, (endToken + 1) * width);
    const last = rows.subarray((contextLength - 1) * width);
    end.forEach((element, i) => (last[i] += element));
    return rows;
  });
  const x = ops.add(ops.mul(embedded, keptRows), here(positions, 0)); // [n, T, W]
  const mask = graph.constant('causal mask', [contextLength, contextLength], causalMask(contextLength));
  const states = textStates(layers, x, here(here(mask, 0), 1)); // [n, T, W]

  const scores = endOfText.kind === 'argmax' ? read : isEqual(read, endOfText.id); // [n, T]
  return projectText(layers, ops.rowOfLargest(states, scores)); // [n, E]
}

/** 1 where a whole number is `wanted`, else 0. */
function isEqual(x: Value, wanted: number): Value {
  return ops.sub(ops.greaterThan(x, wanted - 0.5), ops.greaterThan(x, wanted + 0.5));
}
