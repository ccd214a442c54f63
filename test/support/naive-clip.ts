import { gradients } from '../../src/graph/autodiff.js';
import * as ops from '../../src/graph/ops/index.js';
import { Graph, type Value } from '../../src/graph/value.js';
import type { ClipWeights } from '../../src/model/weights.js';

/**
 * The textbook form of the vision tower and of RVPT's step: every block sees every token, prompts included; sigma is
 * computed in the same graph; nothing is folded, cached or cut away. The oracle for the fast form, sharing only ops.
 */
export class NaiveVision {
  readonly #graph: Graph;
  readonly #weights: ClipWeights;

  constructor(graph: Graph, weights: ClipWeights) {
    this.#graph = graph;
    this.#weights = weights;
  }

  #read(name: string): Value {
    const shape = this.#weights.shapes.get(name);
    if (shape === undefined) throw new Error(`no tensor ${name}`);
    return this.#graph.constant(name, shape, () => this.#weights.read(name));
  }

  #norm(x: Value, name: string): Value {
    const { normEpsilon } = this.#weights.architecture.vision;
    const last = [x.shape.length - 1];
    const centred = ops.sub(x, ops.reduceMean(x, last));
    const variance = ops.add(ops.reduceMean(ops.mul(centred, centred), last), this.#graph.scalar(normEpsilon));
    const unit = ops.div(centred, ops.sqrt(variance));
    return ops.add(ops.mul(unit, this.#read(`${name}.weight`)), this.#read(`${name}.bias`));
  }

  #linear(x: Value, name: string): Value {
    return ops.add(ops.matMul(x, this.#read(`${name}.weight`), { transB: true }), this.#read(`${name}.bias`));
  }

  #heads(x: Value): Value {
    const [batch, tokens, width] = x.shape;
    const { heads } = this.#weights.architecture.vision;
    return ops.transpose(ops.reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
  }

  /** Softmax attention of every token to every token, [B, H, T, T]; x is the block's input [B, T, W]. */
  attention(x: Value, d: number): Value {
    const { heads, width } = this.#weights.architecture.vision;
    const normed = this.#norm(x, `vision.blocks.${d}.norm_1`);
    const [q, k] = ['query', 'key'].map((part) =>
      this.#heads(this.#linear(normed, `vision.blocks.${d}.attention.${part}`)),
    );
    return ops.softmax(ops.scale(ops.matMul(q, k, { transB: true }), 1 / Math.sqrt(width / heads)));
  }

  block(x: Value, d: number): Value {
    const { activation } = this.#weights.architecture.vision;
    const name = `vision.blocks.${d}`;
    const v = this.#heads(this.#linear(this.#norm(x, `${name}.norm_1`), `${name}.attention.value`));
    const mixed = ops.transpose(ops.matMul(this.attention(x, d), v), [0, 2, 1, 3]);
    const y = ops.add(x, this.#linear(ops.reshape(mixed, x.shape), `${name}.attention.output`));
    const hidden = this.#linear(this.#norm(y, `${name}.norm_2`), `${name}.mlp.up`);
    const active = activation === 'gelu' ? ops.gelu(hidden) : ops.mul(hidden, ops.sigmoid(ops.scale(hidden, 1.702)));
    return ops.add(y, this.#linear(active, `${name}.mlp.down`));
  }

  /** f^0 from pixels [B, 3, S, S], one product a patch. */
  embed(pixels: Value): Value {
    const { patchSize: p, imageSize, width } = this.#weights.architecture.vision;
    const batch = pixels.shape[0];
    const kernel = ops.reshape(this.#read('vision.patch_embedding.weight'), [width, 3 * p * p]);
    const rows: Value[] = [];
    for (let y = 0; y + p <= imageSize; y += p) {
      for (let x = 0; x + p <= imageSize; x += p) {
        const patch = ops.slice(ops.slice(pixels, 2, y, y + p), 3, x, x + p); // [B, 3, P, P]
        rows.push(ops.matMul(ops.reshape(patch, [batch, 1, 3 * p * p]), kernel, { transB: true }));
      }
    }
    const first = ops.expand(ops.reshape(this.#read('vision.class_embedding'), [1, 1, width]), [batch, 1, width]);
    const positioned = ops.add(ops.concat([first, ...rows], 1), this.#read('vision.position_embedding'));
    return this.#norm(positioned, 'vision.pre_norm');
  }

  /**
   * What each block reads, [B, T, W], and at the end what the last one writes; prompts by block number replace what
   * stands between class token and patches.
   */
  states(pixels: Value, prompts: ReadonlyMap<number, Value>): Value[] {
    const { layers } = this.#weights.architecture.vision;
    let x = this.embed(pixels);
    const patches = x.shape[1] - 1;
    const batch = x.shape[0];
    const states: Value[] = [];
    for (let d = 0; d < layers; d++) {
      const total = x.shape[1];
      const prompt = prompts.get(d);
      const between =
        prompt === undefined ? [] : [ops.expand(ops.reshape(prompt, [1, ...prompt.shape]), [batch, ...prompt.shape])];
      x = ops.concat([ops.slice(x, 1, 0, 1), ...between, ops.slice(x, 1, total - patches, total)], 1);
      states.push(x);
      x = this.block(x, d);
    }
    return [...states, x];
  }

  /** Class tokens c^0 … c^L [B, W]. */
  classTokens(pixels: Value, prompts: ReadonlyMap<number, Value>): Value[] {
    const { width } = this.#weights.architecture.vision;
    return this.states(pixels, prompts).map((state) => ops.reshape(ops.slice(state, 1, 0, 1), [state.shape[0], width]));
  }

  embedding(classToken: Value): Value {
    return ops.matMul(this.#norm(classToken, 'vision.post_norm'), this.#read('vision.projection'), { transB: true });
  }

  /** Image embeddings [B, E] and unit text rows [C, E] give [B, C]. */
  logits(embedding: Value, text: Value): Value {
    const unit = ops.div(embedding, ops.sqrt(ops.reduceSum(ops.mul(embedding, embedding), [1])));
    return ops.mul(ops.matMul(unit, text, { transB: true }), ops.exp(this.#read('logit_scale')));
  }
}

export interface NaiveStep {
  readonly depth: number;
  /** Blocks with prompts, from `depth` on. */
  readonly blocks?: number | undefined;
  readonly tokens: number;
  readonly alpha: number;
  readonly margin: number | undefined;
  readonly batch: number;
  readonly classes: number;
}

function cosine(a: Value, b: Value): Value {
  const dot = (x: Value, y: Value): Value => ops.reduceSum(ops.mul(x, y), [1]);
  return ops.div(dot(a, b), ops.mul(ops.sqrt(dot(a, a)), ops.sqrt(dot(b, b))));
}

/**
 * Loss, logits and gradients of RVPT as the paper writes them.
 * Inputs: `pixel_values` [B, 3, S, S], `targets` [B, C], `text_features` unit rows [C, E], `prompts.{d}` [b, W].
 */
export function naiveStep(weights: ClipWeights, step: NaiveStep): Record<string, Value> {
  const { vision, embedDim } = weights.architecture;
  const graph = new Graph();
  const naive = new NaiveVision(graph, weights);
  const pixels = graph.input('pixel_values', [step.batch, 3, vision.imageSize, vision.imageSize]);
  const prompts = new Map<number, Value>();
  const end = step.blocks === undefined ? vision.layers : step.depth + step.blocks;
  for (let d = step.depth; d < end; d++) {
    prompts.set(d, graph.input(`prompts.${d}`, [step.tokens, vision.width]));
  }
  const sigma = naive.classTokens(pixels, new Map());
  const tokens = naive.classTokens(pixels, prompts);
  let repelling = graph.scalar(0);
  for (let d = step.depth + 1; d <= vision.layers; d++) repelling = ops.add(repelling, cosine(tokens[d], sigma[d]));
  repelling = ops.scale(repelling, 1 / (vision.layers - step.depth)); // [B, 1]
  const bounded = step.margin === undefined ? repelling : ops.clampMin(repelling, step.margin);
  const text = graph.input('text_features', [step.classes, embedDim]);
  const logits = naive.logits(naive.embedding(tokens[vision.layers]), text);
  const picked = ops.mul(ops.logSoftmax(logits), graph.input('targets', [step.batch, step.classes]));
  const ce = ops.scale(ops.reshape(ops.reduceSum(picked, [0, 1]), []), -1 / step.batch);
  const fr = ops.reshape(ops.reduceMean(bounded, [0, 1]), []);
  const loss = ops.add(ce, ops.scale(fr, step.alpha));
  const blocks = [...prompts.keys()];
  const named = gradients(loss, [...prompts.values()]).map((gradient, i): [string, Value] => [
    `gradient.${blocks[i]}`,
    gradient,
  ]);
  return { loss, ce, fr, logits, ...Object.fromEntries(named) };
}
