import { describe, expect, test } from 'vitest';

import { isDevice, OnnxRuntime } from './onnx-runtime.js';
import { lowerToOnnx } from '../graph/onnx/lower.js';
import * as ops from '../graph/ops/index.js';
import { Graph } from '../graph/value.js';
import type { Session } from '../runtime/session.js';
import { intTensor, tensor } from '../tensor/tensor.js';

const runtime = new OnnxRuntime({ threads: 1 });

/** y = a + b over [2, 3]. */
function sum(): Promise<Session> {
  const graph = new Graph();
  const y = ops.add(graph.input('a', [2, 3]), graph.input('b', [3]));
  return runtime.compile(lowerToOnnx({ y }, runtime.provider));
}

const a = tensor([2, 3], [1, 2, 3, 4, 5, 6]);
const b = tensor([3], [10, 20, 30]);

describe('a session', () => {
  test('runs, again and again, and leaves its feeds alone', async () => {
    await using session = await sum();
    for (let i = 0; i < 2; i++) {
      expect((await session.run({ a, b }))['y']).toEqual(tensor([2, 3], [11, 22, 33, 14, 25, 36]));
    }
    expect(a.data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  });

  test('refuses a missing feed, a wrong shape and an unknown name, and goes on', async () => {
    await using session = await sum();
    await expect(session.run({ a })).rejects.toThrow('session: input b is not fed');
    await expect(session.run({ a, b: a })).rejects.toThrow('session: input b: expected [3], got [2, 3]');
    await expect(session.run({ a, b, c: a, d: a })).rejects.toThrow('session: no input named c, d');
    await expect(session.run({ a, b: intTensor([3], [1, 2, 3]) })).rejects.toThrow('float32');
    expect((await session.run({ a, b }))['y'].data[0]).toBe(11);
  });

  test('answers runs that were asked for together, each with its own result', async () => {
    await using session = await sum();
    const runs = [1, 2, 3].map((first) => session.run({ a, b: tensor([3], [first, 0, 0]) }));
    expect((await Promise.all(runs)).map(({ y }) => y.data[0])).toEqual([2, 3, 4]);
  });

  test('of which an output is an input, and one value is asked for twice', async () => {
    const graph = new Graph();
    const x = graph.input('x', [2]);
    const y = ops.exp(x);
    await using session = await runtime.compile(lowerToOnnx({ same: x, y, again: y }, runtime.provider));
    const out = await session.run({ x: tensor([2], [0, 0]) });
    expect(Object.values(out).map(({ data }) => [...data])).toEqual([
      [0, 0],
      [1, 1],
      [1, 1],
    ]);
  });

  test('that is released runs no more; others do', async () => {
    const [first, second] = [await sum(), await sum()];
    await first[Symbol.asyncDispose]();
    await expect(first.run({ a, b })).rejects.toThrow('is not open');
    expect((await second.run({ a, b }))['y'].data[0]).toBe(11);
    await second[Symbol.asyncDispose]();
  });
});

test('a runtime says where it runs', () => {
  expect(new OnnxRuntime({ threads: 1 }).description).toBe('cpu, 1 thread');
  expect(new OnnxRuntime({ threads: 2 }).description).toBe('cpu, 2 threads');
  expect(new OnnxRuntime({ device: 'webgpu' }).description).toBe('webgpu');
  expect([isDevice('cpu'), isDevice('tpu'), isDevice('constructor')]).toEqual([true, false, false]);
});

test.runIf(process.platform === 'linux')('a device that is not here is a clear error', async () => {
  const graph = new Graph();
  const program = lowerToOnnx({ y: ops.exp(graph.input('x', [1])) }, 'cpu');
  await expect(new OnnxRuntime({ device: 'coreml' }).compile(program)).rejects.toMatchObject({
    name: 'InputError',
    code: 'unsupported',
  });
});
