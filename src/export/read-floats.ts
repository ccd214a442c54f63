import type { Initializer } from '../graph/onnx/lower.js';

/** The elements of a float32 initializer. */
export async function readFloats({ name, data }: Initializer): Promise<Float32Array> {
  const values = typeof data === 'function' ? await data() : data;
  if (values instanceof Float32Array) return values;
  throw new Error(`${name}: elements that are not float32`);
}
