/** Bytes of a known number that are read when the message is written. */
interface Later {
  readonly length: number;
  readonly read: () => Promise<Uint8Array>;
}

/** What `stream` gathers before it hands it over. */
const PIECE = 2 ** 16;

/**
 * Writes the protobuf wire format (protobuf.dev/programming-guides/encoding): just what an ONNX model needs.
 * Messages are built inside out, so that lengths are known when they are written.
 */
export class ProtobufWriter {
  readonly #chunks: (Uint8Array | Later)[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  varint(field: number, value: number | bigint): this {
    return this.#tag(field, 0).#varint(BigInt(value));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#tag(field, 5).#push(bytes);
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#tag(field, 2).#varint(BigInt(value.length)).#push(value);
  }

  /** The same with bytes that need not be in memory before they are written. */
  bytesLater(field: number, length: number, read: () => Promise<Uint8Array>): this {
    return this.#tag(field, 2).#varint(BigInt(length)).#push({ length, read });
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: ProtobufWriter): this {
    this.#tag(field, 2).#varint(BigInt(value.#length));
    value.#chunks.forEach((chunk) => this.#push(chunk));
    return this;
  }

  /** The whole message. */
  async finish(): Promise<Uint8Array<ArrayBuffer>> {
    const out = new Uint8Array(this.#length);
    let at = 0;
    for await (const piece of this.stream()) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }

  /** The message in pieces: what is read later is in memory one at a time. */
  async *stream(): AsyncGenerator<Uint8Array, void, undefined> {
    let gathered: Uint8Array[] = [];
    let length = 0;
    for (const chunk of this.#chunks) {
      if (length > 0 && length + chunk.length > PIECE) {
        yield joined(gathered, length);
        gathered = [];
        length = 0;
      }
      if (chunk.length > PIECE) {
        yield await contentOf(chunk);
      } else {
        gathered.push(await contentOf(chunk));
        length += chunk.length;
      }
    }
    if (length > 0) yield joined(gathered, length);
  }

  #tag(field: number, wireType: number): this {
    return this.#varint(BigInt(field * 8 + wireType));
  }

  #varint(value: bigint): this {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value); // negative numbers take ten bytes, as two's complement
    do {
      bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
      rest >>= 7n;
    } while (rest > 0n);
    return this.#push(Uint8Array.from(bytes));
  }

  #push(chunk: Uint8Array | Later): this {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    return this;
  }
}

/** @throws RangeError when what was promised has another length */
async function contentOf(chunk: Uint8Array | Later): Promise<Uint8Array> {
  if (chunk instanceof Uint8Array) return chunk;
  const bytes = await chunk.read();
  if (bytes.length !== chunk.length)
    throw new RangeError(`protobuf: ${chunk.length} bytes promised, got ${bytes.length}`);
  return bytes;
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
