/** One field of a protobuf message: a varint, or the bytes of what has a length or a fixed size. */
export type ProtobufField = bigint | Uint8Array;

/**
 * The fields of a message by number, each with all its values, read as the wire format says
 * (protobuf.dev/programming-guides/encoding). For tests of what `ProtobufWriter` writes, and sharing nothing with it.
 */
export function readProtobuf(bytes: Uint8Array): Map<number, ProtobufField[]> {
  const fields = new Map<number, ProtobufField[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const tag = Number(varint());
    const wireType = tag % 8;
    const value = wireType === 0 ? varint() : take(wireType === 2 ? Number(varint()) : wireType === 1 ? 8 : 4);
    const number = Math.floor(tag / 8);
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

function field(fields: ReadonlyMap<number, ProtobufField[]>, number: number): ProtobufField[] {
  return fields.get(number) ?? [];
}

export function texts(fields: ReadonlyMap<number, ProtobufField[]>, number: number): string[] {
  return field(fields, number).map((value) => (typeof value === 'bigint' ? '' : new TextDecoder().decode(value)));
}

export function messages(fields: ReadonlyMap<number, ProtobufField[]>, number: number): Map<number, ProtobufField[]>[] {
  return field(fields, number).map((value) => readProtobuf(typeof value === 'bigint' ? new Uint8Array() : value));
}
