import { formatShape, sizeOf, type Shape } from '../tensor/shape.js';
import type { BoundOp } from './op.js';

export type Dtype = 'float32' | 'int64';

/** What is known of a value at build time. Shapes are static: every axis has a length. */
export interface ValueType {
  readonly dtype: Dtype;
  readonly shape: Shape;
}

/** Elements of a float32 constant, or how to get them when the graph is lowered. */
export type ConstantData = Float32Array | (() => Float32Array | Promise<Float32Array>);

export type Origin =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly name: string; readonly data: ConstantData }
  | { readonly kind: 'node'; readonly node: Node; readonly index: number };

/** One application of an op. */
export interface Node {
  readonly op: BoundOp;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** A tensor-to-be: an input, a constant, or an output of a node. */
export class Value implements ValueType {
  readonly graph: Graph;
  /** Position in the graph; a value's inputs have smaller ids. */
  readonly id: number;
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly origin: Origin;

  constructor(graph: Graph, id: number, type: ValueType, origin: Origin) {
    this.graph = graph;
    this.id = id;
    this.dtype = type.dtype;
    this.shape = type.shape;
    this.origin = origin;
  }
}

/** A tensor does not fit an op. Raised while a graph is built, never while it runs. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';

  constructor(op: string, rule: string, inputs: readonly ValueType[]) {
    const shapes = inputs.map((input) => formatShape(input.shape)).join(' and ');
    super(`${op}: expected ${rule}, got ${shapes === '' ? 'no inputs' : shapes}`);
  }
}

/** Lengths that stand for free axes: primes that no real axis has. */
const standIns = [1_000_003, 1_000_033, 1_000_037, 1_000_039] as const;

/**
 * A static tensor program under construction: values in the order they were made, which is a topological order.
 * Nothing runs here; `lowerToOnnx` and the reference evaluator give it meaning.
 */
export class Graph {
  #nextId = 0;
  readonly #inputs = new Map<string, Value>();
  readonly #scalars = new Map<number, Value>();
  readonly #freeAxes = new Map<number, string>();

  get inputs(): ReadonlyMap<string, Value> {
    return this.#inputs;
  }

  /** Names of the free axes by the lengths that stand for them. */
  get freeAxes(): ReadonlyMap<number, string> {
    return this.#freeAxes;
  }

  /** Number of values made so far. */
  get size(): number {
    return this.#nextId;
  }

  /** Declares a tensor fed at run time. @throws Error when the name is taken. */
  input(name: string, shape: Shape, dtype: Dtype = 'float32'): Value {
    if (this.#inputs.has(name)) throw new Error(`graph: input ${name} is declared twice`);
    const value = this.#value({ dtype, shape }, { kind: 'input', name });
    this.#inputs.set(name, value);
    return value;
  }

  /**
   * Declares an axis whose length is known only when the program runs, such as a batch of any size. Shapes are numbers
   * all the same: the axis is built with a prime for a length, which shape rules treat as they do any other, and the
   * lengths that depend on it are its multiples. Such a graph is for lowering; it cannot be evaluated.
   * @returns the length that stands for it
   */
  freeAxis(name: string): number {
    const length = standIns.at(this.#freeAxes.size);
    if (length === undefined)
      throw new Error(`graph: free axis ${name} is one more than the ${standIns.length} there are`);
    this.#freeAxes.set(length, name);
    return length;
  }

  /** Whether a length depends on a free axis. */
  isFree(length: number): boolean {
    return [...this.#freeAxes.keys()].some((standIn) => length !== 0 && length % standIn === 0);
  }

  /**
   * Adds a float32 constant. A function is called when the graph is lowered, so that large weights are read one at
   * a time. @throws RangeError when `data` is at hand and has another number of elements.
   */
  constant(name: string, shape: Shape, data: ConstantData): Value {
    if (data instanceof Float32Array && data.length !== sizeOf(shape)) {
      throw new RangeError(
        `constant ${name}: ${formatShape(shape)} needs ${sizeOf(shape)} elements, got ${data.length}`,
      );
    }
    return this.#value({ dtype: 'float32', shape }, { kind: 'constant', name, data });
  }

  /** A scalar constant []; equal numbers share one value. */
  scalar(number: number): Value {
    const known = this.#scalars.get(number);
    if (known !== undefined) return known;
    const value = this.constant(`scalar ${number}`, [], Float32Array.of(number));
    this.#scalars.set(number, value);
    return value;
  }

  /** Applies an op. @throws ShapeError when the inputs do not fit it. */
  apply(op: BoundOp, inputs: readonly Value[]): Value[] {
    if (inputs.some((input) => input.graph !== this)) throw new Error(`${op.name}: an input belongs to another graph`);
    const types = op.infer(inputs);
    const outputs: Value[] = [];
    const node: Node = { op, inputs, outputs };
    types.forEach((type, index) => outputs.push(this.#value(type, { kind: 'node', node, index })));
    return outputs;
  }

  #value(type: ValueType, origin: Origin): Value {
    return new Value(this, this.#nextId++, type, origin);
  }
}

/** The nodes that `outputs` need, in an order in which they can run. */
export function reachableNodes(outputs: readonly Value[]): Node[] {
  const seen = new Set<Node>();
  const pending = [...outputs];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (value.origin.kind !== 'node' || seen.has(value.origin.node)) continue;
    seen.add(value.origin.node);
    pending.push(...value.origin.node.inputs);
  }
  return [...seen].sort((a, b) => a.outputs[0].id - b.outputs[0].id);
}

/** The inputs and constants that `nodes` and `outputs` read, by id. */
export function reachableLeaves(nodes: readonly Node[], outputs: readonly Value[]): Value[] {
  const leaves = new Set<Value>();
  for (const value of [...nodes.flatMap((node) => node.inputs), ...outputs]) {
    if (value.origin.kind !== 'node') leaves.add(value);
  }
  return [...leaves].sort((a, b) => a.id - b.id);
}
