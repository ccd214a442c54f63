import type { ByteSource } from '../../core/bytes.js';
import { parseTarHeader, tarBlock, tarProblem, utf8, type TarHeader } from './tar-header.js';

/** A file inside a tar archive. */
export interface TarMember {
  /** Relative, without `.` and `..`, `/` between the parts. */
  readonly path: string;
  /** Where its content begins. */
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
}

/** Long names and extended headers are a few hundred bytes in practice. */
const maxExtraBytes = 2 ** 16;

const linkTypes = new Map([
  ['1', 'a hard link'],
  ['2', 'a symbolic link'],
  ['3', 'a character device'],
  ['4', 'a block device'],
  ['6', 'a named pipe'],
]);

/**
 * The files of an uncompressed tar archive, in order: headers are read, contents are passed over. Nothing is unpacked;
 * a content is wherever `offset` and `size` say, and is known to lie inside the archive.
 *
 * Understands ustar, pax (`path`, `size`) and GNU long names. Own code because modern-tar, like other readers of tar
 * streams, has every byte of the archive pass through it and does not tell where a content began.
 *
 * @throws InputError (`hostile`) for paths that leave the archive, links and devices; (`malformed`) for headers that
 *   are none, contents beyond the end, an archive that is cut short; (`unsupported`) for sparse files.
 */
export async function* tarMembers(source: ByteSource): AsyncGenerator<TarMember, void, undefined> {
  let long: Overrides = {};
  for (let offset = 0; ;) {
    const block = await readBlock(source, offset);
    if (block.every((byte) => byte === 0)) return;
    const header = parseTarHeader(block, source.name, offset);
    // a path set by `long` describes the entry after it, never another extra header
    const extra = extraHeaders.get(header.type);
    const size = extra === undefined ? (long.size ?? header.size) : header.size;
    const start = offset + tarBlock;
    if (size > source.size - start) {
      throw tarProblem(source.name, offset, {
        code: 'malformed',
        expected: `a size of at most the ${source.size - start} bytes that are left`,
        received: `${size} for ${header.path}`,
        fix: 'The file is cut short or its header lies about sizes: download it again.',
      });
    }
    if (extra !== undefined) {
      const read = extra(await readExtra(source, offset, start, size), source.name, offset);
      // a global header speaks of all entries, so a path or size in it can only be an attack
      if (header.type !== 'g') long = { ...long, ...read };
    } else {
      if (isFile(header, source.name, offset)) {
        yield { path: safePath(long.path ?? header.path, source.name, offset), offset: start, size };
      }
      long = {};
    }
    offset = start + Math.ceil(size / tarBlock) * tarBlock;
  }
}

/** What an extra header says of the entry after it. */
interface Overrides {
  readonly path?: string;
  readonly size?: number;
}

type ReadExtra = (content: Uint8Array, archive: string, offset: number) => Overrides;

/** Entries that only describe the next one: GNU's long path (and long link target), pax records. */
const extraHeaders: ReadonlyMap<string, ReadExtra> = new Map<string, ReadExtra>([
  ['L', (content) => ({ path: utf8(content) })],
  ['K', () => ({})],
  ['x', paxRecords],
  ['g', paxRecords],
]);

async function readBlock(source: ByteSource, offset: number): Promise<Uint8Array> {
  if (offset + tarBlock <= source.size) return source.read(offset, tarBlock);
  throw tarProblem(source.name, offset, {
    code: 'malformed',
    expected: 'another entry or the empty block that ends an archive',
    received: 'the end of the file',
    fix: 'The file is cut short: download it again.',
  });
}

async function readExtra(source: ByteSource, offset: number, start: number, size: number): Promise<Uint8Array> {
  if (size <= maxExtraBytes) return source.read(start, size);
  throw tarProblem(source.name, offset, {
    code: 'hostile',
    expected: `an extended header of at most ${maxExtraBytes} bytes`,
    received: `${size} bytes`,
  });
}

/** Records `<length> <key>=<value>\n`, the length being that of the whole record. */
function paxRecords(content: Uint8Array, archive: string, offset: number): Overrides {
  const refuse = (received: string): Error =>
    tarProblem(archive, offset, { code: 'malformed', expected: 'pax records `length key=value`', received });
  let found: Overrides = {};
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at);
    const digits = utf8(content.subarray(at, space === -1 ? content.length : space));
    const end = at + Number(digits);
    if (!/^\d+$/.test(digits) || end > content.length || end <= space + 1 || content[end - 1] !== 0x0a) {
      throw refuse(JSON.stringify(digits.slice(0, 40)));
    }
    const record = new TextDecoder().decode(content.subarray(space + 1, end - 1));
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(record) ?? [];
    if (key.startsWith('GNU.sparse.')) throw sparse(archive, offset);
    if (key === 'path') found = { ...found, path: value };
    if (key === 'size') {
      if (!/^\d+$/.test(value)) throw refuse(`size=${value}`);
      found = { ...found, size: Number(value) };
    }
    at = end;
  }
  return found;
}

function sparse(archive: string, offset: number): Error {
  return tarProblem(archive, offset, {
    code: 'unsupported',
    expected: 'files that are stored whole',
    received: 'a sparse file',
  });
}

/** Whether the entry is a file (folders are passed over). @throws InputError for what has no place in a data set */
function isFile({ type, path }: TarHeader, archive: string, offset: number): boolean {
  // before ustar, a slash at the end made a folder
  if (type === '5' || (type === '0' && path.endsWith('/'))) return false;
  if (type === '0' || type === '7') return true;
  if (type === 'S') throw sparse(archive, offset);
  throw tarProblem(archive, offset, {
    code: 'hostile',
    expected: 'files and folders',
    received: `${linkTypes.get(type) ?? `an entry of type ${JSON.stringify(type)}`}: ${path}`,
  });
}

function safePath(path: string, archive: string, offset: number): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const leaves = path.startsWith('/') || /^[a-z]:/i.test(path) || path.includes('\\') || parts.includes('..');
  if (!leaves && parts.length > 0 && !path.includes('\0')) return parts.join('/');
  throw tarProblem(archive, offset, {
    code: 'hostile',
    expected: 'a relative path that stays inside the archive',
    received: JSON.stringify(path),
  });
}
