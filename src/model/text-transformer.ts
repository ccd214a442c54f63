import * as ops from '../graph/ops/index.js';
import type { Value } from '../graph/value.js';
import { projectionFold } from './folded-weights.js';
import type { Layers } from './layers.js';
import { linear, towerBlock, transformerBlock } from './transformer.js';

/** Large enough to silence a score, small enough for float16. */
const MASKED = -60_000;

/** 0 where token i may look at token j ≤ i, else a large negative number: [T, T]. */
export function causalMask(tokens: number): Float32Array {
  return Float32Array.from({ length: tokens * tokens }, (_, at) =>
    at % tokens > Math.floor(at / tokens) ? MASKED : 0,
  );
}

/**
 * The text embedding, not normalised.
 * @param ids token ids, int64 [n, T]
 * @param endOfText 1 at the token that is read, 0 elsewhere: [n, 1, T], see `endOfTextMask`
 * @returns [n, E]
 */
export function textEmbedding(layers: Layers, ids: Value, endOfText: Value): Value {
  const { width } = layers.architecture.text;
  const [count, tokens] = ids.shape;
  const embedded = ops.gather(layers.tensor('text.token_embedding'), ids); // [n, T, W]
  const positions = ops.slice(layers.tensor('text.position_embedding'), 0, 0, tokens); // [T, W]
  const mask = layers.graph.constant('causal mask', [tokens, tokens], causalMask(tokens));
  const states = textStates(layers, ops.add(embedded, positions), mask); // [n, T, W]
  return projectText(layers, ops.reshape(ops.matMul(endOfText, states), [count, width]));
}

/**
 * The states after the last block.
 * @param x tokens and positions embedded, [n, T, W]
 * @param mask causal, [T, T]
 * @returns [n, T, W]
 */
export function textStates(layers: Layers, x: Value, mask: Value): Value {
  const { text } = layers.architecture;
  let state = x;
  for (let d = 0; d < text.layers; d++) state = transformerBlock(state, towerBlock(layers, 'text', d), text, { mask });
  return state;
}

/** The text embedding, not normalised: the states of end tokens [n, W] give [n, E]. */
export function projectText(layers: Layers, states: Value): Value {
  const { architecture } = layers;
  const normed = ops.layerNormalization(states, architecture.text.normEpsilon); // [n, W]
  return linear(normed, layers.linear(projectionFold(architecture, 'text'))); // [n, E]
}
