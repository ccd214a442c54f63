import { broadcastShapes, sizeOf, stridesOf, type Shape } from '../../tensor/shape.js';
import {
  defineOp,
  type Attributes,
  type GradientContext,
  type InputGradients,
  type Op,
  type ReferenceTensor,
  type SampleDomain,
} from '../op.js';
import { ShapeError, type Value, type ValueType } from '../value.js';

type NoAttributes = Readonly<Record<string, never>>;
const none: NoAttributes = {};

/** @throws ShapeError unless there are `count` float32 inputs. */
export function expectFloats(op: string, inputs: readonly ValueType[], count: number): void {
  if (inputs.length === count && inputs.every((input) => input.dtype === 'float32')) return;
  throw new ShapeError(op, `${count} float32 input${count === 1 ? '' : 's'}`, inputs);
}

export function map(input: ReferenceTensor, f: (x: number) => number): ReferenceTensor {
  return { shape: input.shape, data: input.data.map(f) };
}

/** For every element of `shape` in order, the index of the element that `input` broadcasts to it. */
export function broadcastIndices(input: Shape, shape: Shape): Int32Array {
  const strides = stridesOf(input);
  const offset = shape.length - input.length;
  const out = new Int32Array(sizeOf(shape));
  const outStrides = stridesOf(shape);
  for (let i = 0; i < out.length; i++) {
    let at = 0;
    for (let axis = 0; axis < input.length; axis++) {
      if (input[axis] === 1) continue;
      at += (Math.floor(i / outStrides[axis + offset]) % shape[axis + offset]) * strides[axis];
    }
    out[i] = at;
  }
  return out;
}

/** Defines a one-input elementwise op whose ONNX operator has its name. */
export function unaryOp(definition: {
  readonly name: string;
  readonly f: (x: number) => number;
  readonly gradient: (context: GradientContext) => Value;
  readonly domain?: SampleDomain;
}): Op<NoAttributes> {
  const { name, f, domain } = definition;
  return defineOp({
    name,
    infer(inputs) {
      expectFloats(name, inputs, 1);
      return [{ dtype: 'float32', shape: inputs[0].shape }];
    },
    gradient: (context) => [definition.gradient(context)],
    lower(context) {
      context.node(name, [context.inputs[0].name], { outputs: [context.outputs[0].name] });
    },
    evaluate: ([x]) => [map(x, f)],
    sample: (draw) => ({
      attributes: none,
      inputs: [{ shape: draw.shape(draw.integer(0, 3)), ...(domain === undefined ? {} : { domain }) }],
    }),
  });
}

/** Defines a two-input elementwise op with NumPy broadcasting whose ONNX operator has its name. */
export function binaryOp(definition: {
  readonly name: string;
  readonly f: (x: number, y: number) => number;
  readonly gradient: (context: GradientContext) => InputGradients;
  readonly secondDomain?: SampleDomain;
}): Op<NoAttributes> {
  const { name, f, secondDomain } = definition;
  return defineOp({
    name,
    infer(inputs) {
      expectFloats(name, inputs, 2);
      const shape = broadcastShapes(inputs[0].shape, inputs[1].shape);
      if (shape === undefined) throw new ShapeError(name, 'shapes that broadcast', inputs);
      return [{ dtype: 'float32', shape }];
    },
    gradient: definition.gradient,
    lower(context) {
      context.node(name, [context.inputs[0].name, context.inputs[1].name], { outputs: [context.outputs[0].name] });
    },
    evaluate([x, y]) {
      const shape = broadcastShapes(x.shape, y.shape) ?? [];
      const xAt = broadcastIndices(x.shape, shape);
      const yAt = broadcastIndices(y.shape, shape);
      return [{ shape, data: Float64Array.from(xAt, (at, i) => f(x.data[at], y.data[yAt[i]])) }];
    },
    sample(draw) {
      const shape = draw.shape(draw.integer(0, 3));
      const second = {
        shape: draw.broadcastableTo(shape),
        ...(secondDomain === undefined ? {} : { domain: secondDomain }),
      };
      // the narrower side is now the one, now the other; a domain belongs to the second input
      const wide = secondDomain === undefined && draw.pick([true, false]);
      return { attributes: none, inputs: wide ? [second, { shape }] : [{ shape }, second] };
    },
  });
}

/** The attributes of an op that has none. */
export const noAttributes: Attributes & NoAttributes = none;
