import { quoted, refuse } from './refusal.js';

/** Thrown when a pickle runs past the bytes at hand; the reader may offer more and start again. */
export class PickleCutShort extends Error {
  override readonly name = 'PickleCutShort';
}

/** No string or byte string of an honest checkpoint comes near this. */
const maximumStringBytes = 2 ** 24;
const maximumLineBytes = 1024;

/** Reads the arguments of opcodes, little-endian, and never past the end. */
export class PickleReader {
  readonly file: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position: number;

  constructor(file: string, bytes: Uint8Array, position = 0) {
    this.file = file;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  /** A 64-bit length. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  /** Big-endian, the one place where pickles are. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  /** @throws InputError (`hostile`) when `length` is absurd. */
  bytes(length: number): Uint8Array {
    if (length > maximumStringBytes || length < 0) {
      throw refuse('hostile', this.file, {
        expected: `strings of at most ${maximumStringBytes} bytes`,
        received: `one that claims ${length}`,
        fix: 'The file is corrupt or made to exhaust memory.',
      });
    }
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(length: number): string {
    const bytes = this.bytes(length);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (thrown) {
      throw this.malformed('text in UTF-8', 'other bytes', thrown);
    }
  }

  /** Python 2's byte strings, one character a byte. */
  latin1(length: number): string {
    return new TextDecoder('latin1').decode(this.bytes(length));
  }

  /** Up to a newline, which is dropped: the arguments of protocol 0. */
  line(): string {
    const end = this.#bytes.subarray(this.#position, this.#position + maximumLineBytes).indexOf(0x0a);
    if (end >= 0) {
      const text = this.latin1(end);
      this.#position += 1;
      return text;
    }
    if (this.#bytes.length - this.#position < maximumLineBytes) throw new PickleCutShort();
    throw refuse('hostile', this.file, {
      expected: `lines of at most ${maximumLineBytes} bytes`,
      received: quoted(this.latin1(maximumLineBytes)),
    });
  }

  /** Little-endian two's complement of any length; a number where it is exact. */
  integer(length: number): number | bigint {
    if (length > 32) {
      throw refuse('hostile', this.file, { expected: 'integers of at most 32 bytes', received: `one of ${length}` });
    }
    const bytes = this.bytes(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = value * 256n + BigInt(bytes[i]);
    return normalInteger(length === 0 ? 0n : BigInt.asIntN(8 * length, value));
  }

  malformed(expected: string, received: string, cause?: unknown): Error {
    return refuse('malformed', this.file, {
      expected,
      received,
      fix: 'The file is damaged: download it again.',
      cause,
    });
  }

  #advance(length: number): number {
    const start = this.#position;
    if (length > this.#bytes.length - start) throw new PickleCutShort();
    this.#position = start + length;
    return start;
  }
}

/** A number where it is exact, otherwise the bigint itself. */
export function normalInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
