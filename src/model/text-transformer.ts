import * as ops from '../graph/ops/index.js';
import type { Graph, Value } from '../graph/value.js';
import { readProjection } from './folded-weights.js';
import { frozenBlock, frozenLinear, linear, transformerBlock } from './transformer.js';
import type { ClipWeights } from './weights.js';

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
export function textEmbedding(graph: Graph, weights: ClipWeights, ids: Value, endOfText: Value): Value {
  const { text, embedDim } = weights.architecture;
  const [count, tokens] = ids.shape;
  const constant = (name: string, shape: readonly number[]): Value =>
    graph.constant(name, shape, () => weights.read(name));
  const positions = constant('text.position_embedding', [text.contextLength, text.width]);
  const embedded = ops.gather(constant('text.token_embedding', [text.vocabularySize, text.width]), ids); // [n, T, W]
  let x = ops.add(embedded, ops.slice(positions, 0, 0, tokens)); // [n, T, W]
  const mask = graph.constant('causal mask', [tokens, tokens], causalMask(tokens));
  for (let d = 0; d < text.layers; d++) x = transformerBlock(x, frozenBlock(graph, weights, 'text', d), text, { mask });
  const read = ops.reshape(ops.matMul(endOfText, x), [count, text.width]); // [n, W]
  const projection = frozenLinear(graph, 'text.projection', text.width, embedDim, () =>
    readProjection(weights, 'text'),
  );
  return linear(ops.layerNormalization(read, text.normEpsilon), projection); // [n, E]
}
