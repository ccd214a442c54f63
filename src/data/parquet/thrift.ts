/** A field's value in Thrift's compact protocol; structs by the number of the field. */
export type ThriftValue = boolean | number | bigint | Uint8Array | readonly ThriftValue[] | ThriftStruct;
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

/** Parquet's own structures are at most eight deep. */
const maxDepth = 24;

/**
 * Reads one struct in Thrift's compact protocol, as the footer and the page headers of parquet files are. Takes memory
 * in proportion to the bytes that are there, whatever the lengths in them claim; hyparquet, which reads the same bytes
 * after this, believes them.
 * @returns the struct, and where it ends
 * @throws RangeError when it is not well formed
 */
export function readThrift(bytes: Uint8Array, offset: number): { struct: ThriftStruct; end: number } {
  const reader = new ThriftReader(bytes, offset);
  const struct = reader.struct(1);
  return { struct, end: reader.offset };
}

/** The number in a field that is one. */
export function thriftNumber(struct: ThriftStruct | undefined, field: number): number | undefined {
  const value = struct?.get(field);
  return typeof value === 'number' ? value : undefined;
}

export function thriftStruct(struct: ThriftStruct, field: number): ThriftStruct | undefined {
  const value = struct.get(field);
  return value instanceof Map ? value : undefined;
}

class ThriftReader {
  offset: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
  }

  struct(depth: number): ThriftStruct {
    if (depth > maxDepth) throw new RangeError(`structures more than ${maxDepth} deep`);
    const fields = new Map<number, ThriftValue>();
    for (let id = 0; ;) {
      const head = this.#view.getUint8(this.offset++);
      const type = head & 15;
      if (type === 0) return fields;
      const delta = head >> 4;
      id = delta === 0 ? this.#zigzag32() : id + delta;
      fields.set(id, type === 1 ? true : type === 2 ? false : this.#value(type, depth));
    }
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case 1:
      case 2:
        return this.#view.getUint8(this.offset++) === 1;
      case 3:
        return this.#view.getInt8(this.offset++);
      case 4:
      case 5:
        return this.#zigzag32();
      case 6:
        return this.#zigzag();
      case 7:
        this.offset += 8;
        return this.#view.getFloat64(this.offset - 8, true);
      case 8:
        return this.#binary();
      case 9:
        return this.#list(depth);
      case 12:
        return this.struct(depth + 1);
      default:
        throw new RangeError(`a field of type ${type}`);
    }
  }

  #binary(): Uint8Array {
    const length = this.#count('a text');
    this.offset += length;
    return this.#bytes.subarray(this.offset - length, this.offset);
  }

  #list(depth: number): ThriftValue[] {
    if (depth > maxDepth) throw new RangeError(`structures more than ${maxDepth} deep`);
    const head = this.#view.getUint8(this.offset++);
    const type = head & 15;
    const count = head >> 4 === 15 ? this.#count('a list') : head >> 4;
    const values: ThriftValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.#value(type, depth + 1));
    return values;
  }

  /** A length, no larger than the bytes that are left: whatever is counted takes a byte or more. */
  #count(what: string): number {
    const count = Number(this.#varint());
    const left = this.#bytes.length - this.offset;
    if (count > left) throw new RangeError(`${what} of ${count} where ${left} bytes are left`);
    return count;
  }

  /** Strict, since readers that keep the low bits of a longer number do not agree on which. */
  #zigzag32(): number {
    const value = Number(this.#zigzag());
    if (value >= -(2 ** 31) && value < 2 ** 31) return value;
    throw new RangeError('a number of more than 32 bits');
  }

  #zigzag(): bigint {
    const value = this.#varint();
    return (value >> 1n) ^ -(value & 1n);
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#view.getUint8(this.offset++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new RangeError('a number of more than 64 bits');
  }
}
