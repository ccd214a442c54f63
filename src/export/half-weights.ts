import { encodeFloat16 } from '../checkpoint/dtype.js';
import { InputError, messageOf } from '../core/errors.js';
import type { Initializer, OnnxProgram } from '../graph/onnx/lower.js';
import type { OnnxNode } from '../graph/onnx/lowering.js';
import { readFloats } from './read-floats.js';

/**
 * The program with its matrices and tables stored as float16, to the nearest. Each is widened by a Cast before it is
 * used, which onnxruntime does once, when it loads the model: everything is computed in float32, as fast and, weights
 * aside, as exactly as without. Biases and the keys and values of prompts stay float32: they weigh next to nothing.
 */
export function halveWeights(program: OnnxProgram): OnnxProgram {
  const casts: OnnxNode[] = [];
  const tensors = program.tensors.map((tensor): Initializer => {
    const { name, shape, type } = tensor;
    if (type !== 'float32' || shape.length !== 2) return tensor;
    const stored = `${name}:float16`;
    casts.push({ type: 'Cast', domain: '', inputs: [stored], outputs: [name], attributes: { to: { int: 1 } } });
    return { name: stored, shape, type: 'float16', data: async () => toHalf(name, await readFloats(tensor)) };
  });
  return { ...program, tensors, nodes: [...casts, ...program.nodes] };
}

function toHalf(name: string, values: Float32Array): Uint8Array {
  try {
    return encodeFloat16(values);
  } catch (cause) {
    throw new InputError({
      code: 'unsupported',
      operation: `export ${name} as fp16`,
      expected: 'weights that float16 can hold',
      received: messageOf(cause),
      fix: 'Leave fp16 out.',
      cause,
    });
  }
}
