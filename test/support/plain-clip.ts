import type { ClipArchitecture, TowerArchitecture } from '../../src/model/architecture.js';
import type { ClipWeights } from '../../src/model/weights.js';
import { Random } from '../../src/tensor/random.js';

type Row = number[];

/** All tensors of a CLIP as plain numbers. */
export type PlainWeights = ReadonlyMap<string, Float64Array>;

export async function plainWeights(weights: ClipWeights): Promise<Map<string, Float64Array>> {
  const plain = new Map<string, Float64Array>();
  for (const name of weights.shapes.keys()) plain.set(name, Float64Array.from(await weights.read(name)));
  return plain;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);
const add = (a: Row, b: ArrayLike<number>): Row => a.map((value, i) => value + b[i]);
export const unit = (row: Row): Row => row.map((value) => value / Math.sqrt(dot(row, row)));
export const cosine = (a: Row, b: Row): number => dot(unit(a), unit(b));
export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** −log softmax(logits)[right]. */
export function plainCrossEntropy(logits: Row, right: number): number {
  return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - logits[right];
}

/** Mean of −log softmax over the keys at the query's own place. */
export function plainInfoNce(queries: Row[], keys: Row[], scale: number): number {
  return mean(
    queries.map((query, i) =>
      plainCrossEntropy(
        keys.map((key) => scale * cosine(query, key)),
        i,
      ),
    ),
  );
}

/**
 * CLIP with loops over numbers in float64, one image or text at a time: no graph, no folding, nothing left out. The
 * oracle for objectives over both towers, sharing no code with what it judges.
 */
export class PlainClip {
  readonly #architecture: ClipArchitecture;
  readonly #weights: PlainWeights;
  readonly #seen = new Map<unknown, { classTokens: Row[]; embedding: Row }>();

  constructor(architecture: ClipArchitecture, weights: PlainWeights) {
    this.#architecture = architecture;
    this.#weights = weights;
  }

  /** 1 / temperature. */
  get scale(): number {
    return Math.exp(this.tensor('logit_scale')[0]);
  }

  tensor(name: string): Float64Array {
    const found = this.#weights.get(name);
    if (found === undefined) throw new Error(`plain clip: no ${name}`);
    return found;
  }

  /** @param pixels [3, S, S] @returns c^1 … c^L, and the embedding, not of length 1 */
  image(pixels: ArrayLike<number>): { classTokens: Row[]; embedding: Row } {
    const known = this.#seen.get(pixels) ?? this.#look(pixels);
    this.#seen.set(pixels, known);
    return known;
  }

  #look(pixels: ArrayLike<number>): { classTokens: Row[]; embedding: Row } {
    const { vision } = this.#architecture;
    const { imageSize: side, patchSize: p, width } = vision;
    const kernel = this.#rows('vision.patch_embedding.weight', width);
    const tokens: Row[] = [[...this.tensor('vision.class_embedding')]];
    for (let top = 0; top + p <= side; top += p) {
      for (let left = 0; left + p <= side; left += p) {
        const patch: Row = [];
        for (let c = 0; c < 3; c++) {
          for (let y = 0; y < p; y++) {
            for (let x = 0; x < p; x++) patch.push(pixels[(c * side + top + y) * side + left + x]);
          }
        }
        tokens.push(kernel.map((row) => dot(row, patch)));
      }
    }
    const positions = this.#rows('vision.position_embedding', tokens.length);
    let states = tokens.map((token, i) => this.#norm(add(token, positions[i]), 'vision.pre_norm', vision.normEpsilon));
    const classTokens: Row[] = [];
    for (let d = 0; d < vision.layers; d++) {
      states = this.#block(states, `vision.blocks.${d}`, vision, false);
      classTokens.push(states[0]);
    }
    return { classTokens, embedding: this.#project(states[0], 'vision.post_norm', 'vision.projection') };
  }

  /** @param ids token ids, of which the highest ends the text @returns the embedding, not of length 1 */
  text(ids: readonly number[]): Row {
    const { text } = this.#architecture;
    const embedding = this.#rows('text.token_embedding', text.vocabularySize);
    const positions = this.#rows('text.position_embedding', text.contextLength);
    let states = ids.map((id, i) => add(embedding[id], positions[i]));
    for (let d = 0; d < text.layers; d++) states = this.#block(states, `text.blocks.${d}`, text, true);
    return this.#project(states[ids.indexOf(Math.max(...ids))], 'text.final_norm', 'text.projection');
  }

  #rows(name: string, count: number): Row[] {
    const values = this.tensor(name);
    const length = values.length / count;
    return Array.from({ length: count }, (_, i) => [...values.subarray(i * length, (i + 1) * length)]);
  }

  #norm(row: Row, name: string, epsilon: number): Row {
    const centre = mean(row);
    const deviation = Math.sqrt(mean(row.map((value) => (value - centre) ** 2)) + epsilon);
    const [gain, shift] = [this.tensor(`${name}.weight`), this.tensor(`${name}.bias`)];
    return row.map((value, i) => ((value - centre) / deviation) * gain[i] + shift[i]);
  }

  #linear(row: Row, name: string): Row {
    const bias = this.tensor(`${name}.bias`);
    return this.#rows(`${name}.weight`, bias.length).map((weights, i) => dot(weights, row) + bias[i]);
  }

  #project(token: Row, norm: string, projection: string): Row {
    const { embedDim, vision } = this.#architecture;
    const normed = this.#norm(token, norm, vision.normEpsilon);
    return this.#rows(projection, embedDim).map((row) => dot(row, normed));
  }

  #block(
    states: Row[],
    name: string,
    { heads, width, normEpsilon, activation }: TowerArchitecture,
    causal: boolean,
  ): Row[] {
    if (activation !== 'quick_gelu') throw new Error('plain clip: QuickGELU only');
    const normed = states.map((state) => this.#norm(state, `${name}.norm_1`, normEpsilon));
    const [queries, keys, values] = ['query', 'key', 'value'].map((part) =>
      normed.map((state) => this.#linear(state, `${name}.attention.${part}`)),
    );
    const size = width / heads;
    return states.map((state, i) => {
      const mixed: Row = [];
      const seen = causal ? i + 1 : states.length;
      for (let head = 0; head < heads; head++) {
        const part = (row: Row): Row => row.slice(head * size, (head + 1) * size);
        const scores = keys.slice(0, seen).map((key) => Math.exp(dot(part(queries[i]), part(key)) / Math.sqrt(size)));
        const total = scores.reduce((sum, score) => sum + score, 0);
        for (let e = 0; e < size; e++) {
          mixed.push(scores.reduce((sum, score, j) => sum + (score / total) * part(values[j])[e], 0));
        }
      }
      const middle = add(state, this.#linear(mixed, `${name}.attention.output`));
      const hidden = this.#linear(this.#norm(middle, `${name}.norm_2`, normEpsilon), `${name}.mlp.up`);
      const active = hidden.map((value) => value / (1 + Math.exp(-1.702 * value)));
      return add(middle, this.#linear(active, `${name}.mlp.down`));
    });
  }
}

/**
 * How much a loss changes along a random direction of one tensor, by central differences.
 * @param loss of the whole model with these weights
 */
export function slopeAlong(
  weights: PlainWeights,
  name: string,
  direction: ArrayLike<number>,
  loss: (weights: PlainWeights) => number,
): number {
  const step = 1e-5;
  const moved = (by: number): PlainWeights => {
    const before = weights.get(name) ?? new Float64Array();
    return new Map(weights).set(
      name,
      before.map((value, i) => value + by * direction[i]),
    );
  };
  return (loss(moved(step)) - loss(moved(-step))) / (2 * step);
}

/** A direction of `length` normal numbers. */
export function randomDirection(name: string, length: number): Row {
  const random = Random.stream(5, `direction/${name}`);
  return Array.from({ length }, () => random.normal());
}
