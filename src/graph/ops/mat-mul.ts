import { broadcastShapes, sizeOf, type Shape } from '../../tensor/shape.js';
import type { LoweringContext } from '../onnx/lowering.js';
import { applyOne, defineOp, type Draw } from '../op.js';
import { ShapeError, type ConstantData, type Value } from '../value.js';
import { broadcastIndices, expectFloats } from './elementwise.js';

/** Which operands are read transposed in their last two axes, and a factor on the product. */
export interface MatMulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

interface MatMulAttributes extends Record<string, number | boolean> {
  readonly transA: boolean;
  readonly transB: boolean;
  readonly alpha: number;
}

function swapLast(shape: Shape): number[] {
  return [...shape.slice(0, -2), shape[shape.length - 1], shape[shape.length - 2]];
}

function transposeLastTwo(data: ConstantData, shape: Shape): ConstantData {
  const [rows, columns] = shape.slice(-2);
  const transpose = (from: Float32Array): Float32Array => {
    const to = new Float32Array(from.length);
    const size = rows * columns;
    for (let base = 0; base < from.length; base += size) {
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) to[base + j * rows + i] = from[base + i * columns + j];
    }
    return to;
  };
  return data instanceof Float32Array ? () => transpose(data) : async () => transpose(await data());
}

/** The name of operand `index` with its last two axes swapped, where there is no `FusedMatMul`. */
function transposed(context: LoweringContext, index: number): string {
  const { name, shape } = context.inputs[index];
  const constant = context.constantInput(index);
  if (constant !== undefined) return context.derived(`${name}.T`, swapLast(shape), transposeLastTwo(constant, shape));
  const order = shape.map((_, axis) => axis);
  order.splice(-2, 2, shape.length - 1, shape.length - 2);
  return context.node('Transpose', [name], { attributes: { perm: { ints: order } } });
}

/** One of 2-D times 2-D, batched with equal batches, or batched with a broadcast side. */
function sampleBatches(draw: Draw): [Shape, Shape] {
  const batch = draw.shape(draw.integer(0, 2));
  return draw.pick([true, false]) ? [batch, draw.broadcastableTo(batch)] : [draw.broadcastableTo(batch), batch];
}

// y = alpha A B: dA = alpha dy Bᵀ, dB = alpha Aᵀ dy; with A or B read transposed, the same identities transposed.
// Batches that were broadcast are summed.
export const matMulOp = defineOp<MatMulAttributes>({
  name: 'MatMul',
  infer(inputs, { transA, transB }) {
    expectFloats('MatMul', inputs, 2);
    const [a, b] = inputs.map((input) => input.shape);
    if (a.length < 2 || b.length < 2) throw new ShapeError('MatMul', 'at least two axes a side', inputs);
    const [m, ka] = (transA ? swapLast(a) : a).slice(-2);
    const [kb, n] = (transB ? swapLast(b) : b).slice(-2);
    const batch = broadcastShapes(a.slice(0, -2), b.slice(0, -2));
    if (ka !== kb || batch === undefined) {
      const marks = `${transA ? ' (A transposed)' : ''}${transB ? ' (B transposed)' : ''}`;
      throw new ShapeError('MatMul', `[…, m, k] by […, k, n] with batches that broadcast${marks}`, inputs);
    }
    return [{ dtype: 'float32', shape: [...batch, m, n] }];
  },
  gradient({ ops, inputs: [a, b], gradient: g, wanted }, { transA, transB, alpha }) {
    const byA = (): Value =>
      transA ? ops.matMul(b, g, { transA: transB, transB: true, alpha }) : ops.matMul(g, b, { transB: !transB, alpha });
    const byB = (): Value => {
      // a shared matrix under a batch: one product over all rows, instead of a batch of products and their sum
      if (!transA && !transB && b.shape.length === 2 && a.shape.length > 2) {
        const rows = (value: Value): Value => ops.reshape(value, [-1, value.shape[value.shape.length - 1]]);
        return ops.matMul(rows(a), rows(g), { transA: true, alpha });
      }
      return transB
        ? ops.matMul(g, a, { transA: true, transB: transA, alpha })
        : ops.matMul(a, g, { transA: !transA, alpha });
    };
    return [wanted[0] ? ops.sumTo(byA(), a.shape) : undefined, wanted[1] ? ops.sumTo(byB(), b.shape) : undefined];
  },
  lower(context, { transA, transB, alpha }) {
    const [a, b] = context.inputs;
    const output = { outputs: [context.outputs[0].name] };
    if (!transA && !transB && alpha === 1) {
      context.node('MatMul', [a.name, b.name], output);
    } else if (context.provider === 'cpu') {
      context.node('FusedMatMul', [a.name, b.name], {
        ...output,
        domain: 'com.microsoft',
        attributes: { transA: { int: Number(transA) }, transB: { int: Number(transB) }, alpha: { float: alpha } },
      });
    } else {
      const operands = [transA ? transposed(context, 0) : a.name, transB ? transposed(context, 1) : b.name];
      if (alpha === 1) context.node('MatMul', operands, output);
      else context.node('Mul', [context.node('MatMul', operands), context.floats([], Float32Array.of(alpha))], output);
    }
  },
  evaluate([a, b], { transA, transB, alpha }) {
    const [m, k] = (transA ? swapLast(a.shape) : a.shape).slice(-2);
    const n = (transB ? swapLast(b.shape) : b.shape)[b.shape.length - 1];
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)) ?? [];
    const aBatch = broadcastIndices(a.shape.slice(0, -2), batch);
    const bBatch = broadcastIndices(b.shape.slice(0, -2), batch);
    const data = new Float64Array(sizeOf(batch) * m * n);
    for (let at = 0; at < aBatch.length; at++) {
      const aBase = aBatch[at] * m * k;
      const bBase = bBatch[at] * k * n;
      // a row of products at a time: it reads memory in order, which is what makes the difference
      for (let i = 0; i < m; i++) {
        const row = data.subarray((at * m + i) * n, (at * m + i + 1) * n);
        for (let l = 0; l < k; l++) {
          const factor = alpha * a.data[aBase + (transA ? l * m + i : i * k + l)];
          for (let j = 0; j < n; j++) row[j] += factor * b.data[bBase + (transB ? j * k + l : l * n + j)];
        }
      }
    }
    return [{ shape: [...batch, m, n], data }];
  },
  sample(draw) {
    const [m, k, n] = draw.shape(3);
    const [transA, transB] = [draw.pick([true, false]), draw.pick([true, false])];
    const [aBatch, bBatch] = sampleBatches(draw);
    return {
      attributes: { transA, transB, alpha: draw.pick([1, 0.5]) },
      inputs: [
        { shape: [...aBatch, ...(transA ? [k, m] : [m, k])] },
        { shape: [...bBatch, ...(transB ? [n, k] : [k, n])] },
      ],
    };
  },
});

/** alpha · A B over the last two axes, the axes before them broadcast: […, m, k] by […, k, n] gives […, m, n]. */
export function matMul(a: Value, b: Value, options: MatMulOptions = {}): Value {
  const { transA = false, transB = false, alpha = 1 } = options;
  return applyOne(matMulOp.bind({ transA, transB, alpha }), a, b);
}
