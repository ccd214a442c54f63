import { expect, test } from 'vitest';

import { lowerToOnnx } from './lower.js';
import * as ops from '../ops/index.js';
import { Graph } from '../value.js';
import { OnnxRuntime } from '../../node/onnx-runtime.js';
import { tensor } from '../../tensor/tensor.js';

test('a program with a free axis runs at any length', async () => {
  const graph = new Graph();
  const batch = graph.freeAxis('batch');
  const x = graph.input('x', [batch, 6]);
  const heads = ops.transpose(ops.reshape(x, [batch, 2, 3]), [1, 0, 2]); // [2, B, 3]
  const rows = ops.reshape(heads, [2, batch * 3]); // the free axis moves into another
  const program = lowerToOnnx({ rows }, 'cpu');
  expect(
    program.nodes.filter(({ type }) => type === 'Reshape').map(({ inputs }) => program.integers.get(inputs[1])),
  ).toEqual([
    [0, 2, 3],
    [2, -1],
  ]);
  await using session = await new OnnxRuntime({ threads: 1 }).compile(program);
  for (const count of [1, 2]) {
    const data = Float32Array.from({ length: count * 6 }, (_, i) => i);
    const { rows: got } = await session.run({ x: tensor([count, 6], data) });
    expect(got.shape).toEqual([2, count * 3]);
    expect([...got.data]).toEqual(count === 1 ? [0, 1, 2, 3, 4, 5] : [0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11]);
  }
  await expect(session.run({ x: tensor([2, 5]) })).rejects.toThrow('got [2, 5]');
});

test('two free axes may stay where they are', () => {
  const graph = new Graph();
  const [batch, tokens] = [graph.freeAxis('batch'), graph.freeAxis('tokens')];
  const x = ops.reshape(graph.input('x', [batch, tokens, 6]), [batch, tokens, 2, 3]);
  const program = lowerToOnnx({ y: ops.reshape(x, [batch, tokens, 6]) }, 'cpu');
  expect([...program.integers.values()]).toEqual([
    [0, 0, 2, 3],
    [0, 0, 6],
  ]);
  expect(program.inputs[0].shape.map((length) => program.freeAxes.get(length))).toEqual(['batch', 'tokens', undefined]);
});

test('two free axes cannot both move', () => {
  const graph = new Graph();
  const [batch, tokens] = [graph.freeAxis('batch'), graph.freeAxis('tokens')];
  const x = ops.reshape(graph.input('x', [batch, tokens, 6]), [tokens, batch, 6]);
  expect(() => lowerToOnnx({ x }, 'cpu')).toThrow('at most one free axis that moves');
});

test('a length that no input tells is refused', () => {
  const graph = new Graph();
  const x = ops.expand(graph.input('x', [1, 3]), [graph.freeAxis('batch'), 3]);
  expect(() => lowerToOnnx({ x }, 'cpu')).toThrow('the length of a free axis is not known');
});
