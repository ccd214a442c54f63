import { sizeOf, stridesOf } from '../../tensor/shape.js';
import { defineOp, type GradientContext, type Op, type ReferenceTensor } from '../op.js';
import { ShapeError, type Value } from '../value.js';
import { expectFloats } from './elementwise.js';

/** Reduced axes keep length 1, so that a result broadcasts against what it was made of. */
export type ReductionAttributes = Readonly<{ axes: readonly number[] }>;

function reducedShape(shape: readonly number[], axes: readonly number[]): number[] {
  return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
}

function sum(x: ReferenceTensor, axes: readonly number[]): ReferenceTensor {
  const shape = reducedShape(x.shape, axes);
  const strides = stridesOf(x.shape);
  const outStrides = stridesOf(shape);
  const data = new Float64Array(sizeOf(shape));
  x.data.forEach((element, i) => {
    let at = 0;
    x.shape.forEach((length, axis) => {
      if (!axes.includes(axis)) at += (Math.floor(i / strides[axis]) % length) * outStrides[axis];
    });
    data[at] += element;
  });
  return { shape, data };
}

/** Defines a reduction that equals `factor(count)` times the sum over the axes. */
export function reductionOp(definition: {
  readonly name: string;
  readonly factor: (count: number) => number;
  readonly gradient: (context: GradientContext, count: number) => Value;
}): Op<ReductionAttributes> {
  const { name, factor } = definition;
  const countOf = (shape: readonly number[], axes: readonly number[]): number =>
    sizeOf(axes.map((axis) => shape[axis]));
  return defineOp<ReductionAttributes>({
    name,
    infer(inputs, { axes }) {
      expectFloats(name, inputs, 1);
      const { shape } = inputs[0];
      if (axes.some((axis) => axis < 0 || axis >= shape.length))
        throw new ShapeError(name, `axes ${axes.join(', ')}`, inputs);
      return [{ dtype: 'float32', shape: reducedShape(shape, axes) }];
    },
    gradient: (context, { axes }) => [definition.gradient(context, countOf(context.inputs[0].shape, axes))],
    lower({ inputs, outputs, node, integers }, { axes }) {
      node(name, [inputs[0].name, integers(axes)], {
        outputs: [outputs[0].name],
        attributes: { keepdims: { int: 1 } },
      });
    },
    evaluate([x], { axes }) {
      const total = sum(x, axes);
      const by = factor(countOf(x.shape, axes));
      return [{ shape: total.shape, data: total.data.map((element) => element * by) }];
    },
    sample: (draw) => ({
      attributes: { axes: draw.pick([[0], [2], [0, 1], [0, 1, 2]]) },
      inputs: [{ shape: draw.shape(3) }],
    }),
  });
}
