import * as ops from '../graph/ops/index.js';
import type { Graph, Value } from '../graph/value.js';
import { patchCount } from './architecture.js';
import { readProjection } from './folded-weights.js';
import {
  frozenBlock,
  frozenLinear,
  linear,
  transformerBlock,
  type Block,
  type SharedKeysValues,
} from './transformer.js';
import type { ClipWeights } from './weights.js';

/** Deep visual prompts as a block sees them, by block number d (the block that turns f^d into f^(d+1)). */
export type PromptKeysValues = ReadonlyMap<number, SharedKeysValues>;

export interface BlockRange {
  /** Number of blocks already behind the state that comes in. */
  readonly from: number;
  /** Of the last block, compute only the class token. */
  readonly classTokenOnly: boolean;
  readonly prompts?: PromptKeysValues;
}

/** The vision transformer of a CLIP in one graph, its weights frozen. Each layer's constants are added once. */
export class VisionTransformer {
  readonly weights: ClipWeights;
  readonly #graph: Graph;
  readonly #blocks = new Map<number, Block>();

  constructor(graph: Graph, weights: ClipWeights) {
    this.#graph = graph;
    this.weights = weights;
  }

  block(index: number): Block {
    const known = this.#blocks.get(index);
    if (known !== undefined) return known;
    const block = frozenBlock(this.#graph, this.weights, 'vision', index);
    this.#blocks.set(index, block);
    return block;
  }

  /**
   * f^0: patch embedding, class token, positions, and the layer norm in front of the first block.
   * @param pixels normalised pixel values [B, 3, S, S]
   * @returns [B, 1 + M, W]
   */
  embed(pixels: Value): Value {
    const { vision } = this.weights.architecture;
    const { width, patchSize: p, imageSize, normEpsilon } = vision;
    const batch = pixels.shape[0];
    const side = Math.floor(imageSize / p);
    const patches = patchCount(vision);
    // a convolution whose stride is its kernel is one product over cut-out patches
    const whole = side * p === imageSize ? pixels : ops.slice(ops.slice(pixels, 2, 0, side * p), 3, 0, side * p);
    const tiles = ops.transpose(ops.reshape(whole, [batch, 3, side, p, side, p]), [0, 2, 4, 1, 3, 5]);
    const rows = ops.reshape(tiles, [batch, patches, 3 * p * p]); // [B, M, 3 P²]
    const embedded = ops.matMul(rows, this.#patchMatrix(3 * p * p)); // [B, M, W]
    const first = ops.expand(this.#constant('vision.class_embedding', [1, 1, width]), [batch, 1, width]);
    const positions = this.#constant('vision.position_embedding', [1 + patches, width]);
    const x = ops.add(ops.concat([first, embedded], 1), positions); // [B, 1 + M, W]
    const normed = ops.layerNormalization(x, normEpsilon); // [B, 1 + M, W]
    const gained = ops.mul(normed, this.#constant('vision.pre_norm.weight', [width]));
    return ops.add(gained, this.#constant('vision.pre_norm.bias', [width])); // [B, 1 + M, W]
  }

  /**
   * The states after each block that is run, first f^(from+1), last f^L.
   * @param state f^from [B, 1 + M, W]
   * @returns each [B, 1 + M, W]; the last [B, 1, W] when only its class token is computed
   */
  blocks(state: Value, { from, classTokenOnly, prompts }: BlockRange): Value[] {
    const { vision } = this.weights.architecture;
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

  /** The image embedding, not normalised: class tokens c^L [B, W] give [B, E]. */
  project(classTokens: Value): Value {
    const { vision, embedDim } = this.weights.architecture;
    const projection = frozenLinear(this.#graph, 'vision.projection', vision.width, embedDim, () =>
      readProjection(this.weights, 'vision'),
    );
    return linear(ops.layerNormalization(classTokens, vision.normEpsilon), projection); // [B, E]
  }

  #constant(name: string, shape: readonly number[]): Value {
    return this.#graph.constant(name, shape, () => this.weights.read(name));
  }

  /** The patch embedding [W, 3, P, P] as a matrix [3 P², W]. */
  #patchMatrix(rows: number): Value {
    const { width } = this.weights.architecture.vision;
    return this.#graph.constant('vision.patch_embedding', [rows, width], async () => {
      const kernel = await this.weights.read('vision.patch_embedding.weight');
      const matrix = new Float32Array(kernel.length);
      for (let w = 0; w < width; w++) for (let i = 0; i < rows; i++) matrix[i * width + w] = kernel[w * rows + i];
      return matrix;
    });
  }
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
