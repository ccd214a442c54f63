import { expect, test } from 'vitest';

import { lowerToOnnx } from '../graph/onnx/lower.js';
import { readElements } from '../graph/onnx/model-message.js';
import * as ops from '../graph/ops/index.js';
import { Graph } from '../graph/value.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import { Random } from '../tensor/random.js';
import { halveWeights } from './half-weights.js';
import { quantise, quantiseWeights } from './quantise-weights.js';

test('weights are multiples of a 64th of the largest of their group', () => {
  // columns: 2 and −1 by steps of 2 / 64; 0.5 alone; nothing at all
  const { integers, scales } = quantise(Float32Array.of(2, 0.5, 0, -1, 0, 0, 0.046875, 0, 0), 3, (i) => i % 3);
  expect([...scales]).toEqual([2 / 64, 0.5 / 64, 0]);
  expect([...integers]).toEqual([64, 64, 0, -32, 0, 0, 2, 0, 0]);
});

const normal = (name: string, length: number): Float32Array => {
  const random = Random.stream(1, name);
  return Float32Array.from({ length }, () => random.normal());
};

test('products with frozen matrices and looked-up rows go through 8 bits, all else does not', async () => {
  const graph = new Graph();
  const table = graph.constant('table', [40, 32], normal('table', 40 * 32));
  const weight = graph.constant('weight', [32, 48], normal('weight', 32 * 48));
  const small = graph.constant('small', [48, 2], normal('small', 96));
  const x = ops.gather(table, graph.input('ids', [3], 'int64')); // [3, 32]
  const hidden = ops.matMul(x, weight); // [3, 48]
  const y = ops.matMul(hidden, small); // [3, 2]
  const scores = ops.matMul(hidden, hidden, { transB: true }); // [3, 3]
  const program = lowerToOnnx({ x, hidden, y, scores }, 'portable');
  const rewritten = quantiseWeights(program);
  expect(rewritten.tensors.map(({ name, type, shape }) => [name, type, shape])).toEqual([
    ['int8 zero', 'int8', []],
    ['table#0:int8', 'int8', [40, 32]],
    ['table#0:scale', 'float32', [40, 1]],
    ['weight#1:int8', 'int8', [32, 48]],
    ['weight#1:scale', 'float32', [48]],
    ['small#2', 'float32', [48, 2]],
  ]);

  const runtime = new OnnxRuntime({ threads: 1 });
  const feeds = { ids: { shape: [3], data: BigInt64Array.of(7n, 0n, 39n) } };
  await using exact = await runtime.compile(program);
  await using rounded = await runtime.compile(rewritten);
  const [a, b] = [await exact.run(feeds), await rounded.run(feeds)];
  // a row of the table is off by half a step at most: its largest / 128
  for (let row = 0; row < 3; row++) {
    const own = a['x'].data.subarray(row * 32, (row + 1) * 32);
    const step = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 64;
    own.forEach((value, i) => {
      expect(Math.abs(value - b['x'].data[row * 32 + i])).toBeLessThanOrEqual(step / 2 + 1e-6);
    });
  }
  const off = a['hidden'].data.reduce((sum, value, i) => sum + Math.abs(value - b['hidden'].data[i]), 0);
  expect(off / a['hidden'].data.reduce((sum, value) => sum + Math.abs(value), 0)).toBeLessThan(0.03);
});

test('the integers of a product are the same on every processor: no sum of two leaves 16 bits', () => {
  const { integers } = quantise(normal('many', 4096), 1, () => 0);
  expect(Math.max(...integers)).toBeLessThanOrEqual(64);
  expect(Math.min(...integers)).toBeGreaterThanOrEqual(-64);
  expect(2 * 255 * 64).toBeLessThan(2 ** 15);
});

test('matrices become float16, to the nearest; vectors and prompts stay', async () => {
  const graph = new Graph();
  const x = graph.input('x', [1, 2]);
  const matrix = graph.constant('matrix', [2, 2], Float32Array.of(1 + 2 ** -12, -1 - 2 ** -10, 65504, 0));
  const bias = graph.constant('bias', [2], Float32Array.of(1 + 2 ** -12, 0));
  const prompts = graph.constant('keys', [1, 2, 1], Float32Array.of(1 + 2 ** -12, 0));
  const y = ops.add(ops.matMul(x, matrix), bias);
  const program = halveWeights(lowerToOnnx({ y, p: ops.exp(prompts) }, 'portable'));
  const stored = program.tensors.map(({ name, type }) => [name, type]);
  expect(stored).toEqual([
    ['matrix#1:float16', 'float16'],
    ['bias#2', 'float32'],
    ['keys#3', 'float32'],
  ]);
  const [half] = program.tensors;
  // 1, −(1 + 2^-10), the largest, 0
  expect([...(await readElements(half))]).toEqual([0x00, 0x3c, 0x01, 0xbc, 0xff, 0x7b, 0x00, 0x00]);
  await using session = await new OnnxRuntime({ threads: 1 }).compile(program);
  const got = await session.run({ x: { shape: [1, 2], data: Float32Array.of(1, 0) } });
  expect([...got['y'].data]).toEqual([1 + 1 + 2 ** -12, Math.fround(-1 - 2 ** -10)]);
});

test('a weight that float16 cannot hold is named', async () => {
  const graph = new Graph();
  const matrix = graph.constant('matrix', [1, 1], Float32Array.of(1e6));
  const program = halveWeights(lowerToOnnx({ y: ops.exp(matrix) }, 'portable'));
  await expect(readElements(program.tensors[0])).rejects.toThrow('export matrix#0 as fp16');
});
