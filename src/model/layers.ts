import * as ops from '../graph/ops/index.js';
import type { Graph, Value } from '../graph/value.js';
import type { ClipArchitecture } from './architecture.js';
import { readLinear, type LinearArrays, type LinearFold } from './folded-weights.js';
import { tensorTable } from './tensor-table.js';
import { noSuchTensor, type ClipWeights } from './weights.js';

/** A linear layer in a graph: weight [in, out], bias [out]. */
export interface Linear {
  readonly weight: Value;
  readonly bias: Value;
}

/** Where the towers of one graph get their layers. */
export interface Layers {
  readonly graph: Graph;
  readonly architecture: ClipArchitecture;
  /** A tensor of the table as it is stored. */
  tensor(name: string): Value;
  linear(fold: LinearFold): Linear;
}

/** Weights that never change: constants, folded when the graph is lowered. */
export class FrozenLayers implements Layers {
  readonly graph: Graph;
  readonly #weights: ClipWeights;

  constructor(graph: Graph, weights: ClipWeights) {
    this.graph = graph;
    this.#weights = weights;
  }

  get architecture(): ClipArchitecture {
    return this.#weights.architecture;
  }

  tensor(name: string): Value {
    const shape = this.#weights.shapes.get(name);
    if (shape === undefined) throw noSuchTensor(name);
    return this.graph.constant(name, shape, () => this.#weights.read(name));
  }

  linear(fold: LinearFold): Linear {
    let bias: Float32Array | undefined;
    // one reading folds both; only the bias, which is small, is kept until it is asked for
    const read = async (): Promise<LinearArrays> => {
      const arrays = await readLinear(this.#weights, fold);
      bias = arrays.bias;
      return arrays;
    };
    return {
      weight: this.graph.constant(
        `${fold.name}.weight`,
        [fold.inputs, fold.outputs],
        async () => (await read()).weight,
      ),
      bias: this.graph.constant(`${fold.name}.bias`, [fold.outputs], async () => bias ?? (await read()).bias),
    };
  }
}

/**
 * Weights that train: every tensor is a graph input under its canonical name, and what `FrozenLayers` folds ahead of
 * time is folded inside the graph, so that gradients reach the tensors as they are stored.
 */
export class TrainableLayers implements Layers {
  readonly graph: Graph;
  readonly architecture: ClipArchitecture;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #inputs = new Map<string, Value>();

  constructor(graph: Graph, architecture: ClipArchitecture) {
    this.graph = graph;
    this.architecture = architecture;
    this.#shapes = new Map(tensorTable(architecture).map(({ name, shape }) => [name, shape]));
  }

  /** The tensors asked for so far, by canonical name. */
  get inputs(): ReadonlyMap<string, Value> {
    return this.#inputs;
  }

  tensor(name: string): Value {
    const known = this.#inputs.get(name);
    if (known !== undefined) return known;
    const shape = this.#shapes.get(name);
    if (shape === undefined) throw noSuchTensor(name);
    const value = this.graph.input(name, shape);
    this.#inputs.set(name, value);
    return value;
  }

  // y = after (W (before (gain ⊙ x + shift)) + b)
  //   = (after before (W ⊙ gain))ᵀ from the right, plus after (before W shift + b)
  linear({ inputs, outputs, weight, bias, norm, before = 1, after = 1 }: LinearFold): Linear {
    const matrix = ops.reshape(this.tensor(weight), [outputs, inputs]); // [out, in]
    const gained = norm === undefined ? matrix : ops.mul(matrix, this.tensor(`${norm}.weight`)); // [out, in]
    const folded = ops.transpose(scaled(gained, after * before), [1, 0]); // [in, out]
    const terms: Value[] = [];
    if (norm !== undefined) {
      const shift = ops.reshape(this.tensor(`${norm}.bias`), [1, inputs]);
      terms.push(scaled(ops.reshape(ops.matMul(shift, matrix, { transB: true }), [outputs]), before));
    }
    if (bias !== undefined) terms.push(this.tensor(bias));
    const sum =
      terms.length === 0 ? ops.expand(this.graph.scalar(0), [outputs]) : terms.reduce((a, b) => ops.add(a, b));
    return { weight: folded, bias: scaled(sum, after) };
  }
}

function scaled(x: Value, factor: number): Value {
  return factor === 1 ? x : ops.scale(x, factor);
}
