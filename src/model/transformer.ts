import * as ops from '../graph/ops/index.js';
import type { Value } from '../graph/value.js';
import type { TowerArchitecture } from './architecture.js';
import { blockFold, type BlockLinear, type TowerName } from './folded-weights.js';
import type { Layers, Linear } from './layers.js';

/** The folded layers of one residual block, see `folded-weights.ts`. */
export type Block = Readonly<Record<BlockLinear, Linear>>;

/** x · weight + bias: [..., in] gives [..., out]. */
export function linear(x: Value, { weight, bias }: Linear): Value {
  return ops.add(ops.matMul(x, weight), bias);
}

/** Block `index` of a tower. */
export function towerBlock(layers: Layers, towerName: TowerName, index: number): Block {
  const layer = (which: BlockLinear): Linear => layers.linear(blockFold(layers.architecture, towerName, index, which));
  return {
    query: layer('query'),
    key: layer('key'),
    value: layer('value'),
    output: layer('output'),
    up: layer('up'),
    down: layer('down'),
  };
}

/** Keys and values that every image of a batch attends to beside its own tokens: both [heads, b, width / heads]. */
export interface SharedKeysValues {
  readonly keys: Value;
  readonly values: Value;
}

export interface BlockOptions {
  readonly shared?: SharedKeysValues;
  /** Added to the attention scores [tokens, tokens]. */
  readonly mask?: Value;
  /** Compute only the first token's output: [B, 1, W]. The other tokens still lend their keys and values. */
  readonly firstTokenOnly?: boolean;
}

/** [B, T, W] to [H, B, T, W / H]: heads outermost, so that one matrix product can take the rows of all images. */
function splitHeads(x: Value, heads: number): Value {
  const [batch, tokens, width] = x.shape;
  return ops.transpose(ops.reshape(x, [batch, tokens, heads, width / heads]), [2, 0, 1, 3]);
}

/** [H, B, T, W / H] to [B, T, W]. */
function mergeHeads(x: Value): Value {
  const [heads, batch, tokens, headWidth] = x.shape;
  return ops.reshape(ops.transpose(x, [1, 2, 0, 3]), [batch, tokens, heads * headWidth]);
}

/** Softmax over own and shared keys: queries and keys [H, B, T, W / H], the scale folded in, give [H, B, Tq, Tk + b]. */
function attentionWeights(queries: Value, keys: Value, { shared, mask }: BlockOptions): Value {
  const own = ops.matMul(queries, keys, { transB: true }); // [H, B, Tq, Tk]
  if (shared === undefined) return ops.softmax(mask === undefined ? own : ops.add(own, mask));
  const [heads, batch, tokens] = own.shape;
  const [, sharedCount, headWidth] = shared.keys.shape;
  // keys that all images share: one product for all rows of the batch, and no copy of the keys an image
  const rows = ops.reshape(queries, [heads, batch * tokens, headWidth]); // [H, B·Tq, W / H]
  const toShared = ops.reshape(ops.matMul(rows, shared.keys, { transB: true }), [heads, batch, tokens, sharedCount]);
  return ops.softmax(ops.concat([own, toShared], 3)); // [H, B, Tq, Tk + b]
}

/** Softmax attention; queries, keys, values [H, B, T, W / H], the scale folded into the queries. */
function attend(queries: Value, keys: Value, values: Value, options: BlockOptions): Value {
  const { shared } = options;
  const weights = attentionWeights(queries, keys, options); // [H, B, Tq, Tk + b]
  if (shared === undefined) return ops.matMul(weights, values); // [H, B, Tq, W / H]
  const [heads, batch, tokens, total] = weights.shape;
  const [, sharedCount, headWidth] = shared.values.shape;
  const ownCount = total - sharedCount;
  const fromOwn = ops.matMul(ops.slice(weights, 3, 0, ownCount), values); // [H, B, Tq, W / H]
  const sharedWeights = ops.slice(weights, 3, ownCount, total);
  const fromShared = ops.matMul(ops.reshape(sharedWeights, [heads, batch * tokens, sharedCount]), shared.values);
  return ops.add(fromOwn, ops.reshape(fromShared, [heads, batch, tokens, headWidth])); // [H, B, Tq, W / H]
}

/**
 * How much the first token of x [B, T, W] attends to each token of its image, mean over heads: [B, T]. A row sums to 1
 * less what goes to shared keys.
 */
export function firstTokenAttention(
  x: Value,
  block: Block,
  { heads, normEpsilon }: TowerArchitecture,
  shared?: SharedKeysValues,
): Value {
  const [batch, tokens] = x.shape;
  const normed = ops.layerNormalization(x, normEpsilon); // [B, T, W]
  const query = splitHeads(linear(ops.slice(normed, 1, 0, 1), block.query), heads); // [H, B, 1, W / H]
  const keys = splitHeads(linear(normed, block.key), heads); // [H, B, T, W / H]
  const weights = attentionWeights(query, keys, shared === undefined ? {} : { shared }); // [H, B, 1, T + b]
  return ops.reshape(ops.reduceMean(ops.slice(weights, 3, 0, tokens), [0]), [batch, tokens]);
}

/** One pre-norm residual block on x [B, T, W]: [B, T, W], or [B, 1, W] when only the first token is wanted. */
export function transformerBlock(x: Value, block: Block, tower: TowerArchitecture, options: BlockOptions = {}): Value {
  const { heads, activation, normEpsilon } = tower;
  const normed = ops.layerNormalization(x, normEpsilon); // [B, T, W]
  const first = (value: Value): Value => (options.firstTokenOnly === true ? ops.slice(value, 1, 0, 1) : value);
  const queries = splitHeads(linear(first(normed), block.query), heads); // [H, B, Tq, W / H]
  const keys = splitHeads(linear(normed, block.key), heads); // [H, B, T, W / H]
  const values = splitHeads(linear(normed, block.value), heads); // [H, B, T, W / H]
  const attended = linear(mergeHeads(attend(queries, keys, values, options)), block.output); // [B, Tq, W]
  const middle = ops.add(first(x), attended); // [B, Tq, W]
  const hidden = linear(ops.layerNormalization(middle, normEpsilon), block.up); // [B, Tq, F]
  const active = activation === 'quick_gelu' ? ops.silu(hidden) : ops.gelu(hidden);
  return ops.add(middle, linear(active, block.down)); // [B, Tq, W]
}

/** The keys and values of tokens [b, W] that a block reads but does not write: both [H, b, W / H]. */
export function sharedKeysValues(tokens: Value, block: Block, tower: TowerArchitecture): SharedKeysValues {
  const [count, width] = tokens.shape;
  const normed = ops.layerNormalization(tokens, tower.normEpsilon); // [b, W]
  const split = (x: Value): Value =>
    ops.transpose(ops.reshape(x, [count, tower.heads, width / tower.heads]), [1, 0, 2]);
  return { keys: split(linear(normed, block.key)), values: split(linear(normed, block.value)) };
}
