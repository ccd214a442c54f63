import type { Shape } from '../../tensor/shape.js';
import { reachableLeaves, reachableNodes, type ConstantData, type Value, type ValueType } from '../value.js';
import type { LoweringContext, OnnxNode, Provider } from './lowering.js';

export interface OnnxTensorInfo extends ValueType {
  readonly name: string;
}

export interface FloatInitializer {
  readonly name: string;
  readonly shape: Shape;
  readonly data: ConstantData;
}

/** An ONNX program before it is bytes. */
export interface OnnxProgram {
  readonly provider: Provider;
  readonly inputs: readonly OnnxTensorInfo[];
  readonly outputs: readonly OnnxTensorInfo[];
  readonly nodes: readonly OnnxNode[];
  readonly floats: readonly FloatInitializer[];
  readonly integers: ReadonlyMap<string, readonly number[]>;
}

/**
 * Lowers what computes `outputs` to ONNX operators for a provider. The program's inputs are the graph inputs that
 * the outputs need; its outputs carry the names given.
 */
export function lowerToOnnx(outputs: Readonly<Record<string, Value>>, provider: Provider): OnnxProgram {
  const wanted = Object.values(outputs);
  const nodes = reachableNodes(wanted);
  const names = new Map<Value, string>();
  const inputs: OnnxTensorInfo[] = [];
  const floats = new Map<string, FloatInitializer>();
  const integers = new Map<string, readonly number[]>();
  const emitted: OnnxNode[] = [];
  let fresh = 0;

  for (const leaf of reachableLeaves(nodes, wanted)) {
    if (leaf.origin.kind === 'node') continue;
    const name = leaf.origin.kind === 'input' ? leaf.origin.name : `${leaf.origin.name}#${leaf.id}`;
    names.set(leaf, name);
    if (leaf.origin.kind === 'input') inputs.push({ name, dtype: leaf.dtype, shape: leaf.shape });
    else floats.set(name, { name, shape: leaf.shape, data: leaf.origin.data });
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
    const name = `ints ${values.join(' ')}`;
    integers.set(name, values);
    return name;
  };
  const derived: LoweringContext['derived'] = (name, shape, data) => {
    floats.set(name, { name, shape, data });
    return name;
  };

  for (const node of nodes) {
    node.op.lower({
      provider,
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
    floats: [...floats.values()].filter((initializer) => read.has(initializer.name)),
    integers,
  };
}
