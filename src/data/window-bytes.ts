import type { ByteSource } from '../core/bytes.js';

const defaultWindow = 8192;

/** Reads a source in windows, for whoever goes through it in order and wants a little at a time. */
export class WindowBytes implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #source: ByteSource;
  readonly #length: number;
  #start = 0;
  #window: Uint8Array = new Uint8Array(0);

  constructor(source: ByteSource, length = defaultWindow) {
    this.name = source.name;
    this.size = source.size;
    this.#source = source;
    this.#length = length;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const from = offset - this.#start;
    if (from >= 0 && from + length <= this.#window.length) return this.#window.subarray(from, from + length);
    const wanted = Math.max(length, Math.min(this.#length, this.size - offset));
    const bytes = await this.#source.read(offset, wanted);
    this.#start = offset;
    this.#window = bytes;
    return bytes.subarray(0, length);
  }
}
