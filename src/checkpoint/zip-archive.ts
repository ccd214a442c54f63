import { Reader, ZipReader } from '@zip.js/zip.js';

import type { ByteSource } from '../core/bytes.js';
import { InputError, messageOf } from '../core/errors.js';
import { quoted, refuse } from './refusal.js';

/** The largest piece of a zip's own tables that is read at once: about 100,000 entries. */
const maximumTableBytes = 2 ** 23;
const maximumEntries = 100_000;
const localHeaderBytes = 30;
const localHeaderSignature = 0x04034b50;

/** Where the bytes of an uncompressed entry lie in the archive. */
export interface EntryRange {
  readonly offset: number;
  readonly length: number;
}

interface Entry {
  readonly name: string;
  /** Where its local header starts. */
  readonly offset: number;
  /** Bytes in the archive. */
  readonly packedLength: number;
  /** Bytes that it stands for. */
  readonly length: number;
  readonly plain: boolean;
}

/**
 * A zip as PyTorch writes it: tensors lie in it uncompressed, so that they can be read in place. The table of contents
 * is zip.js's; the bytes of entries never pass through it.
 */
export class ZipArchive {
  readonly #source: ByteSource;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(source: ByteSource, entries: ReadonlyMap<string, Entry>) {
    this.#source = source;
    this.#entries = entries;
  }

  /**
   * @throws InputError (`malformed`) when the table of contents cannot be read, (`hostile`) when names climb out of the
   * archive or come twice, or when there are far too many.
   */
  static async open(source: ByteSource): Promise<ZipArchive> {
    const entries = new Map<string, Entry>();
    try {
      const reader = new ZipReader(new SourceReader(source), { filenameValidation: 'tolerant' });
      for await (const found of reader.getEntriesGenerator()) {
        checkName(source.name, found.filename);
        if (entries.has(found.filename) || entries.size >= maximumEntries) {
          throw refuse('hostile', source.name, {
            expected: `at most ${maximumEntries} entries, each name once`,
            received: entries.has(found.filename) ? `${quoted(found.filename)} twice` : 'more',
            fix: 'Programs would disagree about what this file holds: do not trust it.',
          });
        }
        entries.set(found.filename, {
          name: found.filename,
          offset: found.offset,
          packedLength: found.compressedSize,
          length: found.uncompressedSize,
          plain: found.compressionMethod === 0 && !found.encrypted && found.compressedSize === found.uncompressedSize,
        });
      }
    } catch (thrown) {
      if (thrown instanceof InputError) throw thrown;
      // whatever zip.js makes of damaged bytes
      throw refuse('malformed', source.name, {
        expected: 'a zip archive',
        received: messageOf(thrown),
        fix: 'The file is cut short or damaged: download it again.',
        cause: thrown,
      });
    }
    refuseOverlaps(source.name, [...entries.values()]);
    return new ZipArchive(source, entries);
  }

  get names(): Iterable<string> {
    return this.#entries.keys();
  }

  /**
   * Where an entry's bytes are, or undefined when there is no such entry.
   * @throws InputError (`hostile`) when it is compressed or encrypted, or when its two headers disagree.
   */
  async find(name: string): Promise<EntryRange | undefined> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    if (!entry.plain) {
      throw refuse('hostile', this.#source.name, {
        expected: `${quoted(name)} uncompressed, as PyTorch writes it`,
        received: 'a compressed or encrypted entry',
        fix: 'A few compressed bytes can ask for any amount of memory. If you packed the file yourself, unpack and save it again.',
      });
    }
    const header = await this.#source.read(entry.offset, localHeaderBytes);
    const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
    const nameLength = view.getUint16(26, true);
    const nameBytes = await this.#source.read(entry.offset + localHeaderBytes, nameLength);
    const agree =
      view.getUint32(0, true) === localHeaderSignature &&
      view.getUint16(8, true) === 0 && // compression method
      new TextDecoder().decode(nameBytes) === name;
    const offset = entry.offset + localHeaderBytes + nameLength + view.getUint16(28, true);
    if (agree && offset + entry.length <= this.#source.size) return { offset, length: entry.length };
    throw refuse('hostile', this.#source.name, {
      expected: `${quoted(name)} where the table of contents says`,
      received: agree ? 'a length that leaves the file' : 'another entry',
      fix: 'The file is damaged or lies about sizes: do not trust it.',
    });
  }

  /** The bytes of a small entry, or undefined when there is none. */
  async read(name: string, maximumBytes: number): Promise<Uint8Array | undefined> {
    const range = await this.find(name);
    if (range === undefined) return undefined;
    if (range.length > maximumBytes) {
      throw refuse('hostile', this.#source.name, {
        expected: `at most ${maximumBytes} bytes in ${quoted(name)}`,
        received: `${range.length}`,
      });
    }
    return this.#source.read(range.offset, range.length);
  }
}

/** Lets zip.js read from a {@link ByteSource}, in pieces of bounded size. */
class SourceReader extends Reader<ByteSource> {
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    super(source);
    this.#source = source;
    this.size = source.size;
  }

  override async readUint8Array(offset: number, length: number): Promise<Uint8Array> {
    const available = Math.min(length, this.#source.size - offset);
    if (available > maximumTableBytes) {
      throw refuse('hostile', this.#source.name, {
        expected: `a table of contents of at most ${maximumTableBytes} bytes`,
        received: `one of ${available}`,
      });
    }
    return this.#source.read(offset, available);
  }
}

function refuseOverlaps(file: string, entries: Entry[]): void {
  entries.sort((a, b) => a.offset - b.offset);
  for (let i = 1; i < entries.length; i++) {
    const [before, after] = [entries[i - 1], entries[i]];
    if (before.offset + localHeaderBytes + before.packedLength <= after.offset) continue;
    throw refuse('hostile', file, {
      expected: 'each entry in bytes of its own',
      received: `${quoted(before.name)} overlapping ${quoted(after.name)}`,
      fix: 'No honest writer does this: do not trust the file.',
    });
  }
}

function checkName(file: string, name: string): void {
  const parts = name.split(/[/\\]/);
  if (!parts.includes('..') && parts[0] !== '' && !/^[a-z]:/i.test(name)) return;
  throw refuse('hostile', file, {
    expected: 'entry names that stay inside the archive',
    received: quoted(name),
    fix: 'Do not unpack this file.',
  });
}
