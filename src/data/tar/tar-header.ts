import { InputError, type InputErrorCode } from '../../core/errors.js';

/** A tar archive is made of blocks of this many bytes. */
export const tarBlock = 512;

/** One header block, its fields as they stand there. */
export interface TarHeader {
  readonly path: string;
  /** Of the content, in bytes. */
  readonly size: number;
  /** A character; `0` is a file. */
  readonly type: string;
}

const checksumAt = 148;
const checksumLength = 8;

/** @throws InputError about the entry of `archive` at `offset` */
export function tarProblem(
  archive: string,
  offset: number,
  parts: { code: InputErrorCode; expected: string; received: string; fix?: string; cause?: unknown },
): InputError {
  return new InputError({ ...parts, operation: `read ${archive}, entry at byte ${offset}` });
}

/**
 * Parses a header of the ustar, pax, GNU or v7 formats (POSIX.1-2017, pax: "ustar Interchange Format").
 * @param block 512 bytes
 * @throws InputError (`malformed`) when its checksum is wrong, or a number is none
 */
export function parseTarHeader(block: Uint8Array, archive: string, offset: number): TarHeader {
  const written = octal(block.subarray(checksumAt, checksumAt + checksumLength));
  if (written !== checksum(block)) {
    throw tarProblem(archive, offset, {
      code: 'malformed',
      expected: 'a tar header with a checksum that fits',
      received: written === undefined ? 'something else' : 'one that does not fit',
      fix: 'The file is no tar archive (compressed ones are not read), is damaged, or a size before this entry is wrong.',
    });
  }
  const size = number(block.subarray(124, 136));
  if (size === undefined) {
    throw tarProblem(archive, offset, { code: 'malformed', expected: 'the size of an entry', received: 'no number' });
  }
  // GNU tar writes other things where ustar has the prefix of a long path
  const prefix = latin1(block.subarray(257, 263)) === 'ustar\0' ? utf8(block.subarray(345, 500)) : '';
  const name = utf8(block.subarray(0, 100));
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    size,
    type: block[156] === 0 ? '0' : String.fromCharCode(block[156]),
  };
}

/** The sum of all bytes, those of the checksum itself taken for spaces. */
function checksum(block: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < tarBlock; i++) {
    sum += i >= checksumAt && i < checksumAt + checksumLength ? 0x20 : block[i];
  }
  return sum;
}

/** Octal digits, or GNU's form for large numbers: base 256 after a byte 0x80. */
function number(field: Uint8Array): number | undefined {
  if (field[0] !== 0x80) return octal(field);
  const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
  return Number.isSafeInteger(value) ? value : undefined;
}

function octal(field: Uint8Array): number | undefined {
  const match = /^ *([0-7]+)[ \0]*$/.exec(latin1(field));
  return match === null ? undefined : parseInt(match[1], 8);
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Up to the first NUL. */
export function utf8(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end));
}
