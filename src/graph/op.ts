import type { Shape } from '../tensor/shape.js';
import type { LoweringContext } from './onnx/lowering.js';
// types only: a gradient receives the op table when it is called, so that op files need not import each other
import type * as OpTable from './ops/index.js';
import type { Value, ValueType } from './value.js';

/** What an op is parametrised by, as it prints. */
export type Attributes = Readonly<Record<string, number | boolean | string | readonly number[] | undefined>>;

/** A float64 tensor of the reference evaluator; token ids are stored as numbers. */
export interface ReferenceTensor {
  readonly shape: Shape;
  readonly data: Float64Array;
}

export interface GradientContext {
  readonly ops: typeof OpTable;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Gradient of the loss by the first output; it has that output's shape. */
  readonly gradient: Value;
  /** Whether the gradient by input i is wanted: an op need not build the others. */
  readonly wanted: readonly boolean[];
}

/** Gradients by input, undefined where there is none or it is not wanted. */
export type InputGradients = readonly (Value | undefined)[];

/** Draws the sample inputs of an op's shared tests; the property-testing library stands behind it. */
export interface Draw {
  integer(min: number, max: number): number;
  pick<T>(items: readonly T[]): T;
  /** Axis lengths 1 … 4, `rank` of them. */
  shape(rank: number): Shape;
  /** A shape that broadcasts to `shape`: some axes 1, some leading ones left out. */
  broadcastableTo(shape: Shape): Shape;
}

/**
 * Where the random elements of a sample lie. `smooth` keeps away from points where the op is not differentiable;
 * `indices` are whole numbers 0 … below − 1.
 */
export type SampleDomain = 'any' | 'positive' | 'away-from-zero' | { readonly indicesBelow: number };

export interface SampleInput {
  readonly shape: Shape;
  readonly domain?: SampleDomain;
}

export interface OpDefinition<A extends Attributes> {
  /** The ONNX name where there is one. */
  readonly name: string;
  /** Shape rule: types of the outputs. @throws ShapeError */
  infer(inputs: readonly ValueType[], attributes: A): ValueType[];
  /**
   * Vector-Jacobian product by the first output; further outputs are by-products that nothing differentiates.
   * Or the reason why there is none.
   */
  readonly gradient: ((context: GradientContext, attributes: A) => InputGradients) | { readonly none: string };
  /** Emits ONNX nodes that fill the context's outputs. */
  lower(context: LoweringContext, attributes: A): void;
  /** Slow evaluation in float64: the oracle. */
  evaluate(inputs: readonly ReferenceTensor[], attributes: A): ReferenceTensor[];
  /** Inputs and attributes for the tests that run over the whole table. */
  sample(draw: Draw): { readonly attributes: A; readonly inputs: readonly SampleInput[] };
}

/** An op with its attributes filled in: what a node holds. */
export interface BoundOp {
  readonly name: string;
  readonly attributes: Attributes;
  infer(inputs: readonly ValueType[]): ValueType[];
  readonly gradient: ((context: GradientContext) => InputGradients) | { readonly none: string };
  lower(context: LoweringContext): void;
  evaluate(inputs: readonly ReferenceTensor[]): ReferenceTensor[];
}

/** An op as the table lists it. */
export interface TableEntry {
  readonly name: string;
  readonly differentiable: boolean;
  sample(draw: Draw): { readonly op: BoundOp; readonly inputs: readonly SampleInput[] };
}

export interface Op<A extends Attributes> extends TableEntry {
  bind(attributes: A): BoundOp;
}

export function defineOp<A extends Attributes>(definition: OpDefinition<A>): Op<A> {
  const { name, gradient } = definition;
  const bind = (attributes: A): BoundOp => ({
    name,
    attributes,
    infer: (inputs) => definition.infer(inputs, attributes),
    gradient: typeof gradient === 'function' ? (context) => gradient(context, attributes) : gradient,
    lower: (context) => {
      definition.lower(context, attributes);
    },
    evaluate: (inputs) => definition.evaluate(inputs, attributes),
  });
  return {
    name,
    differentiable: typeof gradient === 'function',
    bind,
    sample: (draw) => {
      const { attributes, inputs } = definition.sample(draw);
      return { op: bind(attributes), inputs };
    },
  };
}

/** Applies an op that has one output. */
export function applyOne(op: BoundOp, first: Value, ...rest: Value[]): Value {
  return first.graph.apply(op, [first, ...rest])[0];
}
