import { InputError } from '../core/errors.js';
import { encodeBfloat16, encodeFloat16, type FloatType } from './dtype.js';
import { quoted } from './refusal.js';

/**
 * Values as the little-endian bytes of a floating-point type, rounded to the nearest, ties to even.
 * @param name of the tensor, for messages
 * @throws InputError (`unsupported`) when the type cannot hold a value
 */
export function encodeFloats(name: string, values: Float32Array, dtype: FloatType): Uint8Array {
  switch (dtype) {
    case 'float64':
      return new Uint8Array(new Float64Array(values).buffer);
    case 'float32':
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    case 'float16':
      return halved(name, values, dtype, encodeFloat16);
    case 'bfloat16':
      return halved(name, values, dtype, encodeBfloat16);
  }
}

function halved(
  name: string,
  values: Float32Array,
  dtype: FloatType,
  encode: (values: Float32Array) => Uint8Array,
): Uint8Array {
  try {
    return encode(values);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw new InputError({
      code: 'unsupported',
      operation: `write ${quoted(name)} in ${dtype}`,
      expected: `finite values that ${dtype} can hold`,
      received: thrown.message,
      fix: 'Write the checkpoint in float32.',
      cause: thrown,
    });
  }
}
