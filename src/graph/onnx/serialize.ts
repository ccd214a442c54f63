import type { Initializer, OnnxProgram } from './lower.js';
import { byteLengthOf, modelMessage, readElements, type ExternalPlace } from './model-message.js';

/** A model as onnxruntime takes it: the protobuf, and the weights beside it. */
export interface OnnxModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** External tensor data by location; empty when all weights are inside `bytes`. */
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array<ArrayBuffer> }[];
}

/** Smaller tensors stay inside the protobuf, larger ones beside it, where the 2 GB limit of a message is no concern. */
const EXTERNAL_FROM_BYTES = 4096;
/** Tensors start on a page, so that a file of them can be mapped into memory. */
const PAGE = 4096;
const WEIGHTS = 'weights.bin';

/** Tensors that lie in one place beside a model. */
export interface ExternalPart {
  readonly location: string;
  readonly tensors: readonly { readonly initializer: Initializer; readonly offset: number }[];
  readonly length: number;
}

/**
 * Puts the larger tensors of a program one after the other into places beside it.
 * @param locationOf names the n-th place
 * @param limit bytes that a place holds at most; a tensor larger than that has one for itself
 */
export function layOut(
  { tensors }: OnnxProgram,
  locationOf: (index: number) => string,
  limit = Infinity,
): { readonly parts: readonly ExternalPart[]; readonly places: ReadonlyMap<Initializer, ExternalPlace> } {
  const parts: { location: string; tensors: { initializer: Initializer; offset: number }[]; length: number }[] = [];
  const places = new Map<Initializer, ExternalPlace>();
  for (const initializer of tensors) {
    const size = byteLengthOf(initializer);
    if (size < EXTERNAL_FROM_BYTES) continue;
    const aligned = Math.ceil((parts.at(-1)?.length ?? 0) / PAGE) * PAGE;
    if (parts.length === 0 || aligned + size > limit) {
      parts.push({ location: locationOf(parts.length), tensors: [], length: 0 });
    }
    const part = parts[parts.length - 1];
    const offset = part.length === 0 ? 0 : aligned;
    part.tensors.push({ initializer, offset });
    part.length = offset + size;
    places.set(initializer, { location: part.location, offset });
  }
  return { parts, places };
}

/**
 * Writes the program as an ONNX model in memory. Constants are read one at a time, straight to their place, so that the
 * peak is the weights once and the largest tensor.
 * @throws RangeError when a constant does not have its shape's number of elements
 */
export async function serializeOnnx(program: OnnxProgram): Promise<OnnxModel> {
  const { parts, places } = layOut(program, () => WEIGHTS);
  const externalData: { path: string; data: Uint8Array<ArrayBuffer> }[] = [];
  for (const { location, tensors, length } of parts) {
    const data = new Uint8Array(length);
    for (const { initializer, offset } of tensors) data.set(await readElements(initializer), offset);
    externalData.push({ path: location, data });
  }
  return { bytes: await modelMessage(program, places).finish(), externalData };
}
