import { checkRange, type ByteSource } from '../core/bytes.js';

/** Some bytes of another source as a file of their own; closing it closes the other. */
export class PartOfFile implements ByteSource, AsyncDisposable {
  readonly name: string;
  readonly size: number;
  readonly #source: ByteSource & Partial<AsyncDisposable>;
  readonly #offset: number;

  /** @throws InputError (`malformed`) unless the part lies inside the source */
  constructor(source: ByteSource & Partial<AsyncDisposable>, name: string, offset: number, size: number) {
    checkRange(source, offset, size);
    this.name = name;
    this.size = size;
    this.#source = source;
    this.#offset = offset;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    checkRange(this, offset, length);
    return await this.#source.read(this.#offset + offset, length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]?.();
  }
}
