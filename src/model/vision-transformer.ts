import * as ops from '../graph/ops/index.js';
import type { Value } from '../graph/value.js';
import type { VisionArchitecture } from './architecture.js';
import { patchFold, projectionFold } from './folded-weights.js';
import type { Layers } from './layers.js';
import {
  firstTokenAttention,
  linear,
  towerBlock,
  transformerBlock,
  type Block,
  type SharedKeysValues,
} from './transformer.js';

/** Deep visual prompts as a block sees them, by block number d (the block that turns f^d into f^(d+1)). */
export type PromptKeysValues = ReadonlyMap<number, SharedKeysValues>;

export interface BlockRange {
  /** Number of blocks already behind the state that comes in. */
  readonly from: number;
  /** Of the last block, compute only the class token. */
  readonly classTokenOnly: boolean;
  readonly prompts?: PromptKeysValues;
}

/** The vision transformer of a CLIP in one graph. Each block's layers are added once. */
export class VisionTransformer {
  readonly #layers: Layers;
  readonly #blocks = new Map<number, Block>();

  constructor(layers: Layers) {
    this.#layers = layers;
  }

  block(index: number): Block {
    const known = this.#blocks.get(index);
    if (known !== undefined) return known;
    const block = towerBlock(this.#layers, 'vision', index);
    this.#blocks.set(index, block);
    return block;
  }

  /**
   * f^0: patch embedding, class token, positions, and the layer norm in front of the first block.
   * @param pixels normalised pixel values [B, 3, S, S]
   * @returns [B, 1 + M, W]
   */
  embed(pixels: Value): Value {
    return this.#assemble(cutPatches(pixels, this.#layers.architecture.vision), this.#places());
  }

  /**
   * f^0 of some of the patches only.
   * @param patches [B, K, 3 P²], as `cutPatches` orders their elements
   * @param places rows of the position table: 0 for the class token, then 1 + the number of each patch; int64 [B, 1 + K]
   * @returns [B, 1 + K, W]
   */
  embedPatches(patches: Value, places: Value): Value {
    return this.#assemble(patches, ops.gather(this.#places(), places));
  }

  /** What is added at each place, [1 + M, W]: the position, and at the first the class token too. */
  #places(): Value {
    const positions = this.#layers.tensor('vision.position_embedding');
    const [count, width] = positions.shape;
    const token = ops.reshape(this.#layers.tensor('vision.class_embedding'), [1, width]);
    return ops.add(positions, ops.pad(token, 0, 0, count - 1));
  }

  /** @param places what is added to the class token's empty place and to the patches: [1 + K, W], or an image [B, 1 + K, W] */
  #assemble(patches: Value, places: Value): Value {
    const { architecture } = this.#layers;
    const { normEpsilon } = architecture.vision;
    const embedded = ops.matMul(patches, this.#layers.linear(patchFold(architecture)).weight); // [B, K, W]
    const x = ops.add(ops.pad(embedded, 1, 1, 0), places); // [B, 1 + K, W]
    const normed = ops.layerNormalization(x, normEpsilon); // [B, 1 + K, W]
    const gained = ops.mul(normed, this.#layers.tensor('vision.pre_norm.weight'));
    return ops.add(gained, this.#layers.tensor('vision.pre_norm.bias')); // [B, 1 + K, W]
  }

  /**
   * The states after each block that is run, first f^(from+1), last f^L.
   * @param state f^from [B, 1 + M, W]
   * @returns each [B, 1 + M, W]; the last [B, 1, W] when only its class token is computed
   */
  blocks(state: Value, { from, classTokenOnly, prompts }: BlockRange): Value[] {
    const { vision } = this.#layers.architecture;
    const states: Value[] = [];
    for (let d = from; d < vision.layers; d++) {
      const shared = prompts?.get(d);
      const before = states.length === 0 ? state : states[states.length - 1];
      states.push(
        transformerBlock(before, this.block(d), vision, {
          firstTokenOnly: classTokenOnly && d === vision.layers - 1,
          ...(shared === undefined ? {} : { shared }),
        }),
      );
    }
    return states;
  }

  /**
   * How much the class token attends to each patch in the last block, mean over heads: f^(L-1) [B, 1 + M, W] gives
   * [B, M]. What is missing from 1 in a row went to the class token itself and to prompts.
   */
  lastAttention(state: Value, prompts: PromptKeysValues): Value {
    const { vision } = this.#layers.architecture;
    const last = vision.layers - 1;
    const attention = firstTokenAttention(state, this.block(last), vision, prompts.get(last)); // [B, 1 + M]
    return ops.slice(attention, 1, 1, state.shape[1]);
  }

  /** The image embedding, not normalised: class tokens c^L [B, W] give [B, E]. */
  project(classTokens: Value): Value {
    const { architecture } = this.#layers;
    const normed = ops.layerNormalization(classTokens, architecture.vision.normEpsilon); // [B, W]
    return linear(normed, this.#layers.linear(projectionFold(architecture, 'vision'))); // [B, E]
  }
}

/** The patches of images [B, 3, S, S], left to right and down, as rows [B, M, 3 P²]. */
function cutPatches(pixels: Value, { patchSize: p, imageSize }: VisionArchitecture): Value {
  const batch = pixels.shape[0];
  const side = Math.floor(imageSize / p);
  const whole = side * p === imageSize ? pixels : ops.slice(ops.slice(pixels, 2, 0, side * p), 3, 0, side * p);
  const tiles = ops.transpose(ops.reshape(whole, [batch, 3, side, p, side, p]), [0, 2, 4, 1, 3, 5]);
  return ops.reshape(tiles, [batch, side * side, 3 * p * p]);
}

/** The class tokens [B, W] of a state [B, T, W]. */
export function classTokens(state: Value): Value {
  const [batch, , width] = state.shape;
  return ops.reshape(ops.slice(state, 1, 0, 1), [batch, width]);
}

/** Rows scaled to length 1: [..., E]. */
export function unitRows(x: Value): Value {
  return ops.div(x, rowNorms(x));
}

/** Euclidean lengths of the rows: [..., E] gives [..., 1]. */
export function rowNorms(x: Value): Value {
  return ops.sqrt(ops.reduceSum(ops.mul(x, x), [x.shape.length - 1]));
}
