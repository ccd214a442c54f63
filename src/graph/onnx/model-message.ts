import { formatShape, sizeOf } from '../../tensor/shape.js';
import type { Initializer, OnnxProgram, OnnxTensorInfo } from './lower.js';
import type { OnnxAttribute, OnnxNode } from './lowering.js';
import { ProtobufWriter } from './protobuf.js';

// Field numbers of onnx.proto (github.com/onnx/onnx, onnx/onnx.proto).
const MODEL = { irVersion: 1, producer: 2, graph: 7, opset: 8 } as const;
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, type: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { name: 1, float: 2, int: 3, string: 4, ints: 8, type: 20 } as const;
const TENSOR = { dims: 1, type: 2, name: 8, raw: 9, external: 13, location: 14 } as const;

/** What every model says it needs. */
export const ONNX_VERSIONS = { irVersion: 9, opset: 18 } as const;

const ELEMENT_TYPE = { float32: 1, int8: 3, int64: 7, float16: 10 } as const;
const ELEMENT_BYTES = { float32: 4, float16: 2, int8: 1 } as const;

/** Where the elements of an initializer lie when not in the model: a file beside it, and the first byte there. */
export interface ExternalPlace {
  readonly location: string;
  readonly offset: number;
}

function attribute(name: string, value: OnnxAttribute): ProtobufWriter {
  const out = new ProtobufWriter().string(ATTRIBUTE.name, name);
  if ('float' in value) return out.float(ATTRIBUTE.float, value.float).varint(ATTRIBUTE.type, 1);
  if ('int' in value) return out.varint(ATTRIBUTE.int, value.int).varint(ATTRIBUTE.type, 2);
  if ('string' in value) return out.string(ATTRIBUTE.string, value.string).varint(ATTRIBUTE.type, 3);
  value.ints.forEach((int) => out.varint(ATTRIBUTE.ints, int));
  return out.varint(ATTRIBUTE.type, 7);
}

function nodeMessage(node: OnnxNode): ProtobufWriter {
  const out = new ProtobufWriter();
  node.inputs.forEach((name) => out.string(NODE.input, name));
  node.outputs.forEach((name) => out.string(NODE.output, name));
  out.string(NODE.type, node.type).string(NODE.domain, node.domain);
  Object.entries(node.attributes).forEach(([name, value]) => out.message(NODE.attribute, attribute(name, value)));
  return out;
}

function valueInfo({ name, dtype, shape }: OnnxTensorInfo, freeAxes: OnnxProgram['freeAxes']): ProtobufWriter {
  const dims = new ProtobufWriter();
  shape.forEach((length) => {
    const freeAxis = freeAxes.get(length);
    const dim = new ProtobufWriter();
    dims.message(1, freeAxis === undefined ? dim.varint(1, length) : dim.string(2, freeAxis));
  });
  const type = new ProtobufWriter().varint(1, ELEMENT_TYPE[dtype]).message(2, dims);
  return new ProtobufWriter().string(1, name).message(2, new ProtobufWriter().message(1, type));
}

function integerTensor(name: string, values: readonly number[]): ProtobufWriter {
  const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return new ProtobufWriter()
    .varint(TENSOR.dims, values.length)
    .varint(TENSOR.type, ELEMENT_TYPE.int64)
    .string(TENSOR.name, name)
    .bytes(TENSOR.raw, raw);
}

function keyValue(key: string, value: string): ProtobufWriter {
  return new ProtobufWriter().string(1, key).string(2, value);
}

/** Bytes that the elements of an initializer take. */
export function byteLengthOf({ shape, type }: Initializer): number {
  return ELEMENT_BYTES[type] * sizeOf(shape);
}

/** The elements of an initializer as bytes. @throws RangeError when there are more or fewer than its shape holds */
export async function readElements(initializer: Initializer): Promise<Uint8Array> {
  const { name, shape, type } = initializer;
  const data = typeof initializer.data === 'function' ? await initializer.data() : initializer.data;
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length === byteLengthOf(initializer)) return bytes;
  const elements = bytes.length / ELEMENT_BYTES[type];
  throw new RangeError(`constant ${name}: ${formatShape(shape)} needs ${sizeOf(shape)} elements, got ${elements}`);
}

function tensorMessage(initializer: Initializer, place: ExternalPlace | undefined): ProtobufWriter {
  const { name, shape, type } = initializer;
  const size = byteLengthOf(initializer);
  const out = new ProtobufWriter();
  shape.forEach((length) => out.varint(TENSOR.dims, length));
  out.varint(TENSOR.type, ELEMENT_TYPE[type]).string(TENSOR.name, name);
  if (place === undefined) return out.bytesLater(TENSOR.raw, size, () => readElements(initializer));
  return out
    .message(TENSOR.external, keyValue('location', place.location))
    .message(TENSOR.external, keyValue('offset', String(place.offset)))
    .message(TENSOR.external, keyValue('length', String(size)))
    .varint(TENSOR.location, 1);
}

/**
 * The model of a program. Elements are read when it is written.
 * @param places where initializers lie that are not inside
 */
export function modelMessage(program: OnnxProgram, places: ReadonlyMap<Initializer, ExternalPlace>): ProtobufWriter {
  const graph = new ProtobufWriter().string(GRAPH.name, 'rvpt');
  program.nodes.forEach((node) => graph.message(GRAPH.node, nodeMessage(node)));
  program.integers.forEach((values, name) => graph.message(GRAPH.initializer, integerTensor(name, values)));
  program.tensors.forEach((one) => graph.message(GRAPH.initializer, tensorMessage(one, places.get(one))));
  program.inputs.forEach((info) => graph.message(GRAPH.input, valueInfo(info, program.freeAxes)));
  program.outputs.forEach((info) => graph.message(GRAPH.output, valueInfo(info, program.freeAxes)));

  const opset = (domain: string, version: number): ProtobufWriter =>
    new ProtobufWriter().string(1, domain).varint(2, version);
  const model = new ProtobufWriter()
    .varint(MODEL.irVersion, ONNX_VERSIONS.irVersion)
    .string(MODEL.producer, 'rvpt')
    .message(MODEL.graph, graph)
    .message(MODEL.opset, opset('', ONNX_VERSIONS.opset));
  const contributed = program.nodes.some(({ domain }) => domain === 'com.microsoft');
  return contributed ? model.message(MODEL.opset, opset('com.microsoft', 1)) : model;
}
