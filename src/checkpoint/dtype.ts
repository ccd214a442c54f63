import type { DType } from './lazy-tensor.js';

/** Bytes of one element. */
export const itemSizes: Readonly<Record<DType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** What weights can be stored as. */
export const floatTypes = ['float64', 'float32', 'float16', 'bfloat16'] as const;
/** One of the types that weights can be stored as. */
export type FloatType = (typeof floatTypes)[number];

export function isFloating(dtype: DType): dtype is FloatType {
  return floatTypes.some((float) => float === dtype);
}

/**
 * Little-endian elements as float32; `bytes.length` is a multiple of the item size.
 * float32 bytes that own their buffer become the result without a copy.
 */
export function decode(bytes: Uint8Array, dtype: DType): Float32Array {
  const aligned = ownBuffer(bytes);
  switch (dtype) {
    case 'float32':
      return new Float32Array(aligned);
    case 'float16':
      return lookUp(new Uint16Array(aligned), halfTable());
    case 'bfloat16':
      return widenBfloat16(new Uint16Array(aligned));
    case 'float64':
      return new Float32Array(new Float64Array(aligned));
    case 'int64':
      return Float32Array.from(new BigInt64Array(aligned), Number);
    case 'int32':
      return new Float32Array(new Int32Array(aligned));
    case 'int16':
      return new Float32Array(new Int16Array(aligned));
    case 'int8':
      return new Float32Array(new Int8Array(aligned));
    case 'uint8':
      return new Float32Array(new Uint8Array(aligned));
    case 'bool':
      return new Float32Array(new Uint8Array(aligned).map((value) => (value === 0 ? 0 : 1)));
  }
}

/** The bytes as a buffer of their own: typed arrays need aligned starts, and callers may write into what they get. */
export function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  const { buffer } = bytes;
  const owned = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return owned ? buffer : new Uint8Array(bytes).buffer;
}

function lookUp(codes: Uint16Array, table: Float32Array): Float32Array {
  const values = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) values[i] = table[codes[i]];
  return values;
}

/** bfloat16 is the upper half of a float32. */
function widenBfloat16(codes: Uint16Array): Float32Array {
  const bits = new Uint32Array(codes.length);
  for (let i = 0; i < codes.length; i++) bits[i] = codes[i] << 16;
  return new Float32Array(bits.buffer);
}

let halves: Float32Array | undefined;

/** The value of each of the 65,536 float16 codes (IEEE 754 binary16), made at first use. */
function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, code) => {
    const sign = code >>> 15 === 0 ? 1 : -1;
    const exponent = (code >>> 10) & 31;
    const fraction = code & 1023;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
  return halves;
}

/** What float16 holds at most; from half a step above, rounding gives infinity. */
const LARGEST_HALF = 65504;

/**
 * The nearest float16 codes, ties to the even one: little-endian bytes.
 * @throws RangeError when a value is too large for float16, or not finite.
 */
export function encodeFloat16(values: Float32Array): Uint8Array {
  const codes = new Uint16Array(values.length);
  const scratch = new Float32Array(1);
  const bits = new Uint32Array(scratch.buffer);
  for (let i = 0; i < values.length; i++) {
    scratch[0] = values[i];
    const sign = (bits[0] >>> 16) & 0x8000;
    const magnitude = Math.abs(values[i]);
    // written so that NaN is refused too
    if (!(magnitude < LARGEST_HALF + 16)) throw new RangeError(`float16 cannot hold ${values[i]}, at element ${i}`);
    if (magnitude < 2 ** -14) {
      // subnormal: beside 0.5 floats lie 2^-24 apart, as these codes do, so the sum rounds as they must
      scratch[0] = magnitude + 0.5;
      codes[i] = sign | (bits[0] - 0x3f000000);
    } else {
      // 13 bits of the fraction go; a carry runs into the exponent, whose bias is 112 less
      const absolute = bits[0] & 0x7fffffff;
      codes[i] = sign | (((absolute + 0xfff + ((absolute >>> 13) & 1)) >>> 13) - (112 << 10));
    }
  }
  return new Uint8Array(codes.buffer);
}

/** float32 from which rounding to bfloat16 gives infinity: its largest value and half a step. */
const BFLOAT16_OVERFLOW = (2 - 2 ** -8) * 2 ** 127;

/**
 * The nearest bfloat16 codes, ties to the even one: little-endian bytes.
 * @throws RangeError when a value is too large for bfloat16, or not finite.
 */
export function encodeBfloat16(values: Float32Array): Uint8Array {
  const codes = new Uint16Array(values.length);
  const scratch = new Float32Array(1);
  const bits = new Uint32Array(scratch.buffer);
  for (let i = 0; i < values.length; i++) {
    scratch[0] = values[i];
    // written so that NaN is refused too
    if (!(Math.abs(values[i]) < BFLOAT16_OVERFLOW)) {
      throw new RangeError(`bfloat16 cannot hold ${values[i]}, at element ${i}`);
    }
    // the lower half goes; a carry runs into the exponent, which is where it belongs
    codes[i] = (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) >>> 16;
  }
  return new Uint8Array(codes.buffer);
}
