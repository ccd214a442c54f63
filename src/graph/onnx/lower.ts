import type { Shape } from '../../tensor/shape.js';
import { reachableLeaves, reachableNodes, type ConstantData, type Value, type ValueType } from '../value.js';
import type { LoweringContext, OnnxNode, Provider } from './lowering.js';

export interface OnnxTensorInfo extends ValueType {
  readonly name: string;
}

/** A tensor that is part of the program. Constants lower to float32; other types are for what rewrites a program. */
export interface Initializer {
  readonly name: string;
  readonly shape: Shape;
  readonly type: 'float32' | 'float16' | 'int8';
  /** Its elements, or their bytes, little-endian; a function is called when the program is written. */
  readonly data: ConstantData | Uint8Array | (() => Uint8Array | Promise<Uint8Array>);
}

/** An ONNX program before it is bytes. */
export interface OnnxProgram {
  readonly provider: Provider;
  readonly inputs: readonly OnnxTensorInfo[];
  readonly outputs: readonly OnnxTensorInfo[];
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly Initializer[];
  readonly integers: ReadonlyMap<string, readonly number[]>;
  /** Names of axes of any length, by the lengths that stand for them in shapes. */
  readonly freeAxes: ReadonlyMap<number, string>;
}

/**
 * Lowers what computes `outputs` to ONNX operators for a provider. The program's inputs are the graph inputs that
 * the outputs need; its outputs carry the names given.
 */
export function lowerToOnnx(outputs: Readonly<Record<string, Value>>, provider: Provider): OnnxProgram {
  const wanted = Object.values(outputs);
  const [{ graph }] = wanted;
  const nodes = reachableNodes(wanted);
  const names = new Map<Value, string>();
  const inputs: OnnxTensorInfo[] = [];
  const tensors = new Map<string, Initializer>();
  const integers = new Map<string, readonly number[]>();
  const emitted: OnnxNode[] = [];
  let fresh = 0;

  for (const leaf of reachableLeaves(nodes, wanted)) {
    if (leaf.origin.kind === 'node') continue;
    const name = leaf.origin.kind === 'input' ? leaf.origin.name : `${leaf.origin.name}#${leaf.id}`;
    names.set(leaf, name);
    if (leaf.origin.kind === 'input') inputs.push({ name, dtype: leaf.dtype, shape: leaf.shape });
    else tensors.set(name, { name, shape: leaf.shape, type: 'float32', data: leaf.origin.data });
  }
  const nameOf = (value: Value): string => {
    const known = names.get(value);
    if (known !== undefined) return known;
    const name = `%${value.id}`;
    names.set(value, name);
    return name;
  };

  const addNode: LoweringContext['node'] = (type, nodeInputs, options = {}) => {
    const results = options.outputs ?? [`t${fresh++}`];
    emitted.push({
      type,
      domain: options.domain ?? '',
      inputs: nodeInputs,
      outputs: results,
      attributes: options.attributes ?? {},
    });
    return results[0];
  };
  const addIntegers: LoweringContext['integers'] = (values) => {
    if (values.some((value) => graph.isFree(value))) {
      throw new Error(`lowering: the length of a free axis is not known, in ${values.join(', ')}`);
    }
    const name = `ints ${values.join(' ')}`;
    integers.set(name, values);
    return name;
  };
  const derived: LoweringContext['derived'] = (name, shape, data) => {
    tensors.set(name, { name, shape, type: 'float32', data });
    return name;
  };

  for (const node of nodes) {
    node.op.lower({
      provider,
      isFree: (length) => graph.isFree(length),
      inputs: node.inputs.map((value) => ({ name: nameOf(value), dtype: value.dtype, shape: value.shape })),
      outputs: node.outputs.map((value) => ({ name: nameOf(value), dtype: value.dtype, shape: value.shape })),
      node: addNode,
      integers: addIntegers,
      floats: (shape, values) => {
        const uniform = values.every((element) => element === values[0]);
        const content = uniform ? `${values[0]}` : `t${fresh++}`;
        return derived(`floats ${content} [${shape.join(', ')}]`, shape, values);
      },
      constantInput: (index) => {
        const { origin } = node.inputs[index];
        return origin.kind === 'constant' ? origin.data : undefined;
      },
      derived,
    });
  }

  const results = Object.entries(outputs).map(([name, value]) => {
    // an output is a name of its own, also where it is an input or asked for twice
    addNode('Identity', [nameOf(value)], { outputs: [name] });
    return { name, dtype: value.dtype, shape: value.shape };
  });
  // where a rearranged copy stands in for a constant, nothing reads the constant itself
  const read = new Set(emitted.flatMap((node) => node.inputs));
  return {
    provider,
    inputs,
    outputs: results,
    nodes: emitted,
    tensors: [...tensors.values()].filter((initializer) => read.has(initializer.name)),
    integers,
    freeAxes: graph.freeAxes,
  };
}
