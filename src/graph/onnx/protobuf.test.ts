import { expect, test } from 'vitest';

import { ProtobufWriter } from './protobuf.js';

const hex = async (writer: ProtobufWriter): Promise<string> => Buffer.from(await writer.finish()).toString('hex');

// the first three are the examples of protobuf.dev/programming-guides/encoding
test.each([
  ['a varint', new ProtobufWriter().varint(1, 150), '08 96 01'],
  ['a string', new ProtobufWriter().string(2, 'testing'), '12 07 74 65 73 74 69 6e 67'],
  ['a message', new ProtobufWriter().message(3, new ProtobufWriter().varint(1, 150)), '1a 03 08 96 01'],
  ['zero', new ProtobufWriter().varint(1, 0), '08 00'],
  ['the last number of one byte', new ProtobufWriter().varint(1, 127), '08 7f'],
  ['the first number of two', new ProtobufWriter().varint(1, 128), '08 80 01'],
  ['a negative number, ten bytes of two’s complement', new ProtobufWriter().varint(1, -2), `08 fe${'ff'.repeat(8)} 01`],
  ['the largest int64', new ProtobufWriter().varint(1, 2n ** 63n - 1n), `08 ${'ff'.repeat(8)} 7f`],
  ['a field beyond 15, its tag in two bytes', new ProtobufWriter().varint(20, 7), 'a0 01 07'],
  ['a float, little end first', new ProtobufWriter().float(2, 1.5), '15 00 00 c0 3f'],
  ['a string by its UTF-8 length', new ProtobufWriter().string(1, 'é'), '0a 02 c3 a9'],
  ['no bytes', new ProtobufWriter().bytes(1, new Uint8Array()), '0a 00'],
] as const)('%s', async (_, writer, bytes) => {
  expect(await hex(writer)).toBe(bytes.replaceAll(' ', ''));
  expect(writer.length).toBe(bytes.split(' ').join('').length / 2);
});

test('fields follow each other, messages nest', async () => {
  const inner = new ProtobufWriter().varint(1, 1).varint(1, 2);
  const outer = new ProtobufWriter().message(4, inner).message(4, new ProtobufWriter()).varint(5, 3);
  expect(await hex(outer)).toBe('22040801080222002803');
});
