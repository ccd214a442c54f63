import { expect, test } from 'vitest';

import { lowerToOnnx, type Initializer, type OnnxProgram } from './lower.js';
import { serializeOnnx } from './serialize.js';
import * as ops from '../ops/index.js';
import { Graph, type Value } from '../value.js';
import { messages, readProtobuf, texts } from '../../../test/support/read-protobuf.js';

// field numbers below are those of onnx.proto, written out once more

async function graphMessage(program: OnnxProgram): Promise<ReturnType<typeof readProtobuf>> {
  return messages(readProtobuf((await serializeOnnx(program)).bytes), 7)[0];
}

/** A program without initializers of its own to write into. */
const empty: OnnxProgram = {
  provider: 'cpu',
  inputs: [],
  outputs: [],
  nodes: [],
  tensors: [],
  integers: new Map(),
  freeAxes: new Map(),
};

test('the model says its versions', async () => {
  const x = new Graph().input('x', [2]);
  const model = readProtobuf((await serializeOnnx(lowerToOnnx({ y: ops.exp(x) }, 'cpu'))).bytes);
  expect(model.get(1)).toEqual([9n]);
  const opsets = messages(model, 8);
  expect(opsets.map((opset) => [texts(opset, 1)[0], opset.get(2)])).toEqual([['', [18n]]]);
});

test('inputs and outputs with their types and axes', async () => {
  const graph = new Graph();
  const rows = ops.gather(graph.input('table', [7, 300]), graph.input('ids', [2, 5], 'int64'));
  const message = await graphMessage(lowerToOnnx({ rows }, 'cpu'));
  const described = (number: number): unknown =>
    messages(message, number).map((info) => {
      const tensor = messages(messages(info, 2)[0], 1)[0];
      const axes = messages(messages(tensor, 2)[0], 1).flatMap((axis) => axis.get(1) ?? []);
      return [texts(info, 1)[0], tensor.get(1), axes];
    });
  expect(described(11)).toEqual([
    ['table', [1n], [7n, 300n]],
    ['ids', [7n], [2n, 5n]],
  ]);
  expect(described(12)).toEqual([['rows', [1n], [2n, 5n, 300n]]]);
});

test('a node with every kind of attribute, negative numbers as 64 bits', async () => {
  const attributes = { axis: { int: -1 }, alpha: { float: 0.5 }, perm: { ints: [0, -2] }, mode: { string: 'add' } };
  const node = { type: 'Made', domain: 'com.microsoft', inputs: ['a', '', 'c'], outputs: ['y'], attributes } as const;
  const [message] = messages(await graphMessage({ ...empty, nodes: [node] }), 1);
  expect(texts(message, 1)).toEqual(['a', '', 'c']);
  expect(texts(message, 2)).toEqual(['y']);
  expect([texts(message, 4), texts(message, 7)]).toEqual([['Made'], ['com.microsoft']]);
  const [axis, alpha, perm, mode] = messages(message, 5);
  expect([texts(axis, 1), axis.get(3), axis.get(20)]).toEqual([['axis'], [2n ** 64n - 1n], [2n]]);
  expect([texts(alpha, 1), alpha.get(2), alpha.get(20)]).toEqual([['alpha'], [Uint8Array.of(0, 0, 0, 0x3f)], [1n]]);
  expect([texts(perm, 1), perm.get(8), perm.get(20)]).toEqual([['perm'], [0n, 2n ** 64n - 2n], [7n]]);
  expect([texts(mode, 1), texts(mode, 4), mode.get(20)]).toEqual([['mode'], ['add'], [3n]]);
});

test('integer initializers are little-endian int64', async () => {
  const message = await graphMessage({ ...empty, integers: new Map([['bounds', [1, -1]]]) });
  const [tensor] = messages(message, 5);
  expect([tensor.get(1), tensor.get(2), texts(tensor, 8)]).toEqual([[2n], [7n], ['bounds']]);
  expect(tensor.get(9)).toEqual([Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0, ...new Array<number>(8).fill(255)])]);
});

test('tensors from 4 KiB on lie beside the model, one after the other; smaller ones inside it', async () => {
  const values = (length: number, first: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => first + i / 4096);
  // a view into a larger buffer: its offset must be minded
  const small = values(1023, 50).subarray(1020);
  const type = 'float32' as const;
  const tensors: Initializer[] = [
    { name: 'a', shape: [2, 1024], type, data: values(2048, 100) },
    { name: 'small', shape: [3], type, data: small },
    { name: 'just below', shape: [1023], type, data: values(1023, 200) },
    { name: 'b', shape: [1024], type, data: () => Promise.resolve(values(1024, 300)) },
  ];
  const program: OnnxProgram = { ...empty, tensors };
  const { externalData } = await serializeOnnx(program);
  const written = messages(await graphMessage(program), 5);
  expect(written.map((tensor) => texts(tensor, 8)[0])).toEqual(['a', 'small', 'just below', 'b']);
  expect(written.map((tensor) => tensor.get(1))).toEqual([[2n, 1024n], [3n], [1023n], [1024n]]);

  const places = written.map((tensor) => messages(tensor, 13).map((entry) => [texts(entry, 1)[0], texts(entry, 2)[0]]));
  const place = (offset: number, length: number): string[][] => [
    ['location', 'weights.bin'],
    ['offset', String(offset)],
    ['length', String(length)],
  ];
  expect(places).toEqual([place(0, 8192), [], [], place(8192, 4096)]);
  expect(written.map((tensor) => tensor.get(14))).toEqual([[1n], undefined, undefined, [1n]]);

  expect(externalData.map(({ path }) => path)).toEqual(['weights.bin']);
  const [{ data }] = externalData;
  expect(new Float32Array(data.buffer)).toEqual(Float32Array.of(...values(2048, 100), ...values(1024, 300)));
  expect(written[1].get(9)).toEqual([new Uint8Array(small.slice().buffer)]);
});

test('without large tensors there is nothing beside the model', async () => {
  expect((await serializeOnnx(empty)).externalData).toEqual([]);
});

test('a constant that turns out to have another length is refused', async () => {
  const graph = new Graph();
  const constant = graph.constant('late', [2, 2], () => new Float32Array(5));
  await expect(serializeOnnx(lowerToOnnx({ y: ops.exp(constant) }, 'cpu'))).rejects.toThrow(
    'constant late#0: [2, 2] needs 4 elements, got 5',
  );
});

test('where a provider wants a weight transposed, only the transposed copy is written', async () => {
  const product = (): Value => {
    const graph = new Graph();
    const weight = graph.constant('weight', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
    return ops.matMul(graph.input('x', [4, 3]), weight, { transB: true });
  };
  const cpu = lowerToOnnx({ y: product() }, 'cpu');
  expect(cpu.nodes.map(({ type }) => type)).toEqual(['FusedMatMul', 'Identity']);
  expect(cpu.tensors.map(({ shape }) => shape)).toEqual([[2, 3]]);

  const webgpu = lowerToOnnx({ y: product() }, 'webgpu');
  expect(webgpu.nodes.map(({ type }) => type)).toEqual(['MatMul', 'Identity']);
  expect(webgpu.tensors.map(({ shape }) => shape)).toEqual([[3, 2]]);
  const [tensor] = messages(await graphMessage(webgpu), 5);
  expect(tensor.get(9)).toEqual([new Uint8Array(Float32Array.of(1, 4, 2, 5, 3, 6).buffer)]);
});
