import { describe, expect, test } from 'vitest';

import { decode, encodeBfloat16, encodeFloat16 } from './dtype.js';

test('float16 codes, by hand from IEEE 754', () => {
  const codes = [0x0000, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x3555, 0xc000, 0x7bff, 0x7c00, 0xfc00];
  const values = [0, -0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1, 0.333251953125, -2, 65504, Infinity, -Infinity];
  const bytes = Uint8Array.from(codes.flatMap((code) => [code & 255, code >> 8]));
  expect([...decode(bytes, 'float16')]).toEqual(values);
  expect(decode(Uint8Array.of(0x01, 0x7e), 'float16')[0]).toBeNaN();
});

test('bfloat16 is the upper half of float32', () => {
  const bytes = Uint8Array.of(0x80, 0x3f, 0x49, 0xc0, 0x00, 0x00, 0x01, 0x00);
  expect([...decode(bytes, 'bfloat16')]).toEqual([1, -3.140625, 0, 2 ** -133]);
});

test('the other element types', () => {
  const of = (array: Float64Array | BigInt64Array | Int32Array | Int16Array | Int8Array) =>
    new Uint8Array(array.buffer.slice(0));
  expect([...decode(of(Float64Array.of(0.1, -1e300)), 'float64')]).toEqual([Math.fround(0.1), -Infinity]);
  expect([...decode(of(BigInt64Array.of(-3n, 16777217n)), 'int64')]).toEqual([-3, 16777216]);
  expect([...decode(of(Int32Array.of(-70000)), 'int32')]).toEqual([-70000]);
  expect([...decode(of(Int16Array.of(-300)), 'int16')]).toEqual([-300]);
  expect([...decode(of(Int8Array.of(-3)), 'int8')]).toEqual([-3]);
  expect([...decode(Uint8Array.of(253), 'uint8')]).toEqual([253]);
  expect([...decode(Uint8Array.of(0, 1, 7), 'bool')]).toEqual([0, 1, 1]);
});

test('bytes that are part of something larger are copied, whatever their alignment', () => {
  const file = new Uint8Array(9);
  new DataView(file.buffer).setFloat32(5, 1.5, true);
  const values = decode(file.subarray(5), 'float32');
  values[0] = 7;
  expect(new DataView(file.buffer).getFloat32(5, true)).toBe(1.5);
});

describe('encoding float16', () => {
  const codesOf = (...values: number[]): number[] => [
    ...new Uint16Array(encodeFloat16(Float32Array.from(values)).slice().buffer),
  ];

  test('every finite code comes back from its value', () => {
    const codes = Uint16Array.from({ length: 1 << 16 }, (_, code) => code).filter((code) => (code & 0x7c00) !== 0x7c00);
    const values = decode(new Uint8Array(codes.slice().buffer), 'float16');
    expect(encodeFloat16(values)).toEqual(new Uint8Array(codes.buffer));
  });

  test('the nearest code, by hand; halfway to the even one', () => {
    const step = 2 ** -10; // between 1 and 2
    expect(codesOf(1 + 0.49 * step, 1 + 0.5 * step, 1 + 0.51 * step)).toEqual([0x3c00, 0x3c00, 0x3c01]);
    expect(codesOf(1 + 1.5 * step, -(1 + 1.5 * step), 2 - 0.5 * step)).toEqual([0x3c02, 0xbc02, 0x4000]);
    const least = 2 ** -24;
    expect(codesOf(0.5 * least, 0.51 * least, -1.5 * least, 1e-30, -0)).toEqual([0, 1, 0x8002, 0, 0x8000]);
    expect(codesOf(1023.5 * least, 1022.5 * least)).toEqual([0x0400, 0x03fe]);
    expect(codesOf(65519.996)).toEqual([0x7bff]);
  });

  test.each([65520, -65520, Infinity, NaN])('%d does not fit', (value) => {
    expect(() => codesOf(0, value)).toThrow(`float16 cannot hold ${value}, at element 1`);
  });
});

describe('encoding bfloat16', () => {
  const codesOf = (...values: number[]): number[] => [
    ...new Uint16Array(encodeBfloat16(Float32Array.from(values)).slice().buffer),
  ];

  test('every finite code comes back from its value', () => {
    const codes = Uint16Array.from({ length: 1 << 16 }, (_, code) => code).filter((code) => (code & 0x7f80) !== 0x7f80);
    const values = decode(new Uint8Array(codes.slice().buffer), 'bfloat16');
    expect(Buffer.from(encodeBfloat16(values)).equals(Buffer.from(codes.buffer))).toBe(true);
  });

  test('the nearest code, by hand; halfway to the even one', () => {
    const step = 2 ** -7; // between 1 and 2
    expect(codesOf(1 + 0.49 * step, 1 + 0.5 * step, 1 + 0.51 * step)).toEqual([0x3f80, 0x3f80, 0x3f81]);
    expect(codesOf(1 + 1.5 * step, -(1 + 1.5 * step), 2 - 0.5 * step)).toEqual([0x3f82, 0xbf82, 0x4000]);
    const least = 2 ** -133;
    expect(codesOf(0.5 * least, 0.51 * least, -1.5 * least, -0)).toEqual([0, 1, 0x8002, 0x8000]);
    expect(codesOf((2 - 2 ** -7 + 0.49 * step) * 2 ** 127)).toEqual([0x7f7f]);
  });

  test.each([(2 - 2 ** -8) * 2 ** 127, -Infinity, NaN])('%d does not fit', (value) => {
    expect(() => codesOf(0, value)).toThrow(`bfloat16 cannot hold ${value}, at element 1`);
  });
});
