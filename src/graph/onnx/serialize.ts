import { formatShape, sizeOf } from '../../tensor/shape.js';
import type { FloatInitializer, OnnxProgram, OnnxTensorInfo } from './lower.js';
import type { OnnxAttribute, OnnxNode } from './lowering.js';
import { ProtobufWriter } from './protobuf.js';

/** A model as onnxruntime takes it: the protobuf, and the weights beside it. */
export interface OnnxModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** External tensor data by location; empty when all weights are inside `bytes`. */
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array<ArrayBuffer> }[];
}

// Field numbers of onnx.proto (github.com/onnx/onnx, onnx/onnx.proto).
const MODEL = { irVersion: 1, producer: 2, graph: 7, opset: 8 } as const;
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, type: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { name: 1, float: 2, int: 3, string: 4, ints: 8, type: 20 } as const;
const TENSOR = { dims: 1, type: 2, name: 8, raw: 9, external: 13, location: 14 } as const;

const IR_VERSION = 9;
const OPSET = 18;
const ELEMENT_TYPE = { float32: 1, int64: 7 } as const;
/** Smaller tensors stay inside the protobuf, larger ones beside it, where the 2 GB limit of a message is no concern. */
const EXTERNAL_FROM_BYTES = 4096;
const WEIGHTS = 'weights.bin';

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

function valueInfo({ name, dtype, shape }: OnnxTensorInfo): ProtobufWriter {
  const dims = new ProtobufWriter();
  shape.forEach((length) => dims.message(1, new ProtobufWriter().varint(1, length)));
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

function floatTensor({ name, shape }: FloatInitializer): ProtobufWriter {
  const out = new ProtobufWriter();
  shape.forEach((length) => out.varint(TENSOR.dims, length));
  return out.varint(TENSOR.type, ELEMENT_TYPE.float32).string(TENSOR.name, name);
}

function keyValue(key: string, value: string): ProtobufWriter {
  return new ProtobufWriter().string(1, key).string(2, value);
}

/**
 * Writes the program as an ONNX model. Constants are read one at a time, straight to their place, so that the peak
 * is the weights once and the largest tensor.
 * @throws RangeError when a constant does not have its shape's number of elements
 */
export async function serializeOnnx(program: OnnxProgram): Promise<OnnxModel> {
  const graph = new ProtobufWriter().string(GRAPH.name, 'rvpt');
  program.nodes.forEach((node) => graph.message(GRAPH.node, nodeMessage(node)));
  program.integers.forEach((values, name) => graph.message(GRAPH.initializer, integerTensor(name, values)));

  const byteLength = (initializer: FloatInitializer): number => 4 * sizeOf(initializer.shape);
  const external = program.floats.filter((initializer) => byteLength(initializer) >= EXTERNAL_FROM_BYTES);
  const weights = new Float32Array(external.reduce((sum, initializer) => sum + byteLength(initializer), 0) / 4);
  let offset = 0;
  for (const initializer of program.floats) {
    const size = byteLength(initializer);
    const data = typeof initializer.data === 'function' ? await initializer.data() : initializer.data;
    if (4 * data.length !== size) {
      throw new RangeError(
        `constant ${initializer.name}: ${formatShape(initializer.shape)} needs ${size / 4} elements, got ${data.length}`,
      );
    }
    const message = floatTensor(initializer);
    if (size < EXTERNAL_FROM_BYTES) {
      message.bytes(TENSOR.raw, new Uint8Array(data.buffer, data.byteOffset, size));
    } else {
      weights.set(data, offset / 4);
      message
        .message(TENSOR.external, keyValue('location', WEIGHTS))
        .message(TENSOR.external, keyValue('offset', String(offset)))
        .message(TENSOR.external, keyValue('length', String(size)))
        .varint(TENSOR.location, 1);
      offset += size;
    }
    graph.message(GRAPH.initializer, message);
  }
  program.inputs.forEach((info) => graph.message(GRAPH.input, valueInfo(info)));
  program.outputs.forEach((info) => graph.message(GRAPH.output, valueInfo(info)));

  const opset = (domain: string, version: number): ProtobufWriter =>
    new ProtobufWriter().string(1, domain).varint(2, version);
  const model = new ProtobufWriter()
    .varint(MODEL.irVersion, IR_VERSION)
    .string(MODEL.producer, 'rvpt')
    .message(MODEL.graph, graph)
    .message(MODEL.opset, opset('', OPSET))
    .message(MODEL.opset, opset('com.microsoft', 1));
  const data = new Uint8Array(weights.buffer);
  return { bytes: model.finish(), externalData: data.length === 0 ? [] : [{ path: WEIGHTS, data }] };
}
