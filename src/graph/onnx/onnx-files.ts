import type { OnnxProgram } from './lower.js';
import { modelMessage, readElements } from './model-message.js';
import { layOut, type ExternalPart } from './serialize.js';

/** A file to be written: its name, and its bytes in pieces. */
export interface OnnxFile {
  readonly name: string;
  readonly length: number;
  content(): AsyncIterable<Uint8Array>;
}

/** A protobuf message, and so a model that holds its weights, has fewer bytes than this. */
export const PROTOBUF_LIMIT = 2 ** 31;

/**
 * The program as files: the model alone where its weights fit into it, else with its larger tensors in `NAME_data`,
 * `NAME_data_1`, … before it. No more than the largest tensor is in memory at once.
 * @param name the model's file name
 * @param limit bytes that no file may reach, unless a lone tensor does
 */
export function onnxFiles(program: OnnxProgram, name: string, limit = PROTOBUF_LIMIT): OnnxFile[] {
  const whole = modelMessage(program, new Map());
  if (whole.length < limit) return [{ name, length: whole.length, content: () => whole.stream() }];
  const { parts, places } = layOut(program, (i) => `${name}_data${i === 0 ? '' : `_${i}`}`, limit - 1);
  const model = modelMessage(program, places);
  return [
    ...parts.map((part) => ({ name: part.location, length: part.length, content: () => partContent(part) })),
    { name, length: model.length, content: () => model.stream() },
  ];
}

async function* partContent({ tensors }: ExternalPart): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0;
  for (const { initializer, offset } of tensors) {
    if (offset > at) yield new Uint8Array(offset - at);
    const bytes = await readElements(initializer);
    yield bytes;
    at = offset + bytes.length;
  }
}
