import type { Initializer, OnnxProgram } from '../graph/onnx/lower.js';
import type { OnnxNode } from '../graph/onnx/lowering.js';
import { sizeOf, type Shape } from '../tensor/shape.js';
import { readFloats } from './read-floats.js';

/**
 * Largest magnitude of a stored weight. Not 127: x86 processors without VNNI add two products of an activation (8 bits,
 * unsigned) and a weight in 16 bits and clip the sum, so 127 would give other results there. 2 · 255 · 64 fits.
 */
const LEVELS = 64;

/** Smaller matrices stay as they are. */
const LEAST_ELEMENTS = 1024;

/** Integers −64 … 64 and what to multiply them by, one factor a group. */
export interface Quantised {
  readonly integers: Int8Array;
  readonly scales: Float32Array;
}

/**
 * Rounds groups of weights to multiples of their largest magnitude / 64.
 * @param groupOf the group of an element by its index
 */
export function quantise(values: Float32Array, groups: number, groupOf: (index: number) => number): Quantised {
  const scales = new Float32Array(groups);
  values.forEach((value, i) => {
    const group = groupOf(i);
    scales[group] = Math.max(scales[group], Math.abs(value) / LEVELS);
  });
  const integers = new Int8Array(values.length);
  values.forEach((value, i) => {
    const scale = scales[groupOf(i)];
    integers[i] = scale === 0 ? 0 : Math.max(-LEVELS, Math.min(LEVELS, Math.round(value / scale)));
  });
  return { integers, scales };
}

/**
 * Dynamic quantisation. Products with a constant matrix run in integers: the matrix is stored as int8 with a scale a
 * column, the other side becomes uint8 when the model runs, with a scale and a zero point of the whole tensor. Tables
 * that rows are looked up in are stored as int8 with a scale a row. All else stays float32, attention included.
 */
export function quantiseWeights(program: OnnxProgram): OnnxProgram {
  const byName = new Map(program.tensors.map((tensor) => [tensor.name, tensor]));
  const replaced = new Map<string, Initializer[]>();
  const nodes: OnnxNode[] = [];
  const emit = (type: string, inputs: string[], outputs: string[], attributes: OnnxNode['attributes'] = {}): void => {
    nodes.push({ type, domain: '', inputs, outputs, attributes });
  };
  const stored = (tensor: Initializer, axis: 0 | 1): { integers: string; scales: string } => {
    const added = replaced.get(tensor.name) ?? quantisedTensors(tensor, axis);
    replaced.set(tensor.name, added);
    return { integers: added[0].name, scales: added[1].name };
  };
  const activations = new Set<string>();

  for (const node of program.nodes) {
    const [first, second] = node.inputs;
    const weight = node.type === 'MatMul' ? byName.get(second) : undefined;
    const table = node.type === 'Gather' ? byName.get(first) : undefined;
    const [output] = node.outputs;
    if (weight !== undefined && isQuantised(weight)) {
      const { integers, scales } = stored(weight, 1);
      const [bytes, scale, zero] = ['uint8', 'uint8 scale', 'uint8 zero'].map((part) => `${first}:${part}`);
      if (!activations.has(first)) emit('DynamicQuantizeLinear', [first], [bytes, scale, zero]);
      activations.add(first);
      emit('MatMulInteger', [bytes, integers, zero, ZERO.name], [`${output}:int32`]);
      emit('Cast', [`${output}:int32`], [`${output}:float`], { to: { int: 1 } });
      emit('Mul', [scale, scales], [`${output}:scale`]);
      emit('Mul', [`${output}:float`, `${output}:scale`], [output]);
    } else if (table !== undefined && isQuantised(table)) {
      const { integers, scales } = stored(table, 0);
      emit('Gather', [integers, second], [`${output}:int8`], node.attributes);
      emit('Cast', [`${output}:int8`], [`${output}:float`], { to: { int: 1 } });
      emit('Gather', [scales, second], [`${output}:scale`], node.attributes);
      emit('Mul', [`${output}:float`, `${output}:scale`], [output]);
    } else {
      nodes.push(node);
    }
  }
  const read = new Set(nodes.flatMap((node) => node.inputs));
  const tensors = program.tensors.flatMap((tensor) => [
    ...(read.has(tensor.name) ? [tensor] : []),
    ...(replaced.get(tensor.name) ?? []),
  ]);
  return { ...program, nodes, tensors: read.has(ZERO.name) ? [ZERO, ...tensors] : tensors };
}

/** The zero point of all weights. */
const ZERO: Initializer = { name: 'int8 zero', shape: [], type: 'int8', data: Uint8Array.of(0) };

function isQuantised({ shape, type }: Initializer): boolean {
  return type === 'float32' && shape.length === 2 && sizeOf(shape) >= LEAST_ELEMENTS;
}

/** A matrix [rows, columns] as integers, and its scales [rows, 1] (axis 0) or [columns] (axis 1). */
function quantisedTensors(tensor: Initializer, axis: 0 | 1): Initializer[] {
  const { name, shape } = tensor;
  const [rows, columns] = shape;
  let scales: Float32Array | undefined;
  // one reading gives both; only the scales, which are small, are kept until they are asked for
  const read = async (): Promise<Quantised> => {
    const groupOf = axis === 0 ? (i: number) => Math.floor(i / columns) : (i: number) => i % columns;
    const quantised = quantise(await readFloats(tensor), axis === 0 ? rows : columns, groupOf);
    scales = quantised.scales;
    return quantised;
  };
  const integers = async (): Promise<Uint8Array> => new Uint8Array((await read()).integers.buffer);
  const scaleShape: Shape = axis === 0 ? [rows, 1] : [columns];
  return [
    { name: `${name}:int8`, shape, type: 'int8', data: integers },
    { name: `${name}:scale`, shape: scaleShape, type: 'float32', data: async () => scales ?? (await read()).scales },
  ];
}
