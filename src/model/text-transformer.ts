import * as ops from '../graph/ops/index.js';
import type { Value } from '../graph/value.js';
import { projectionFold } from './folded-weights.js';
import type { Layers } from './layers.js';
import { linear, towerBlock, transformerBlock } from './transformer.js';

/** Large enough to silence a score in float32, small enough to stay finite in sums. */
const MASKED = -1e9;

/** 0 where token i may look at token j ≤ i, else a large negative number: [T, T]. */
function causalMask(tokens: number): Float32Array {
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
  const { graph, architecture } = layers;
  const { text } = architecture;
  const [count, tokens] = ids.shape;
  const embedded = ops.gather(layers.tensor('text.token_embedding'), ids); // [n, T, W]
  let x = ops.add(embedded, ops.slice(layers.tensor('text.position_embedding'), 0, 0, tokens)); // [n, T, W]
  const mask = graph.constant('causal mask', [tokens, tokens], causalMask(tokens));
  for (let d = 0; d < text.layers; d++) x = transformerBlock(x, towerBlock(layers, 'text', d), text, { mask });
  const read = ops.reshape(ops.matMul(endOfText, x), [count, text.width]); // [n, W]
  const normed = ops.layerNormalization(read, text.normEpsilon); // [n, W]
  return linear(normed, layers.linear(projectionFold(architecture, 'text'))); // [n, E]
}
