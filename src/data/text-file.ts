import type { ByteSource, FileStore } from '../core/bytes.js';
import { InputError } from '../core/errors.js';

const maxTextBytes = 256 * 2 ** 20;

/** Opens a file of `folder`, and closes it after `use` where the host's files want closing. */
export async function withFile<T>(
  folder: Pick<FileStore, 'open'>,
  path: string,
  use: (file: ByteSource) => Promise<T>,
): Promise<T> {
  const file: ByteSource & Partial<AsyncDisposable> = await folder.open(path);
  try {
    return await use(file);
  } finally {
    await file[Symbol.asyncDispose]?.();
  }
}

/** @throws InputError when the file is not UTF-8 text of a sane length. */
export async function readText(file: ByteSource): Promise<string> {
  if (file.size > maxTextBytes) {
    throw new InputError({
      code: 'data',
      operation: `read ${file.name}`,
      expected: `a list of at most ${maxTextBytes} bytes`,
      received: `${file.size} bytes`,
    });
  }
  const bytes = await file.read(0, file.size);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new InputError({
      code: 'malformed',
      operation: `read ${file.name}`,
      expected: 'UTF-8 text',
      received: 'bytes that are not',
      cause,
    });
  }
}

/** @throws InputError (`malformed`) when `text` is not JSON. */
export function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InputError({
      code: 'malformed',
      operation: `read ${name}`,
      expected: 'JSON',
      received: cause instanceof Error ? cause.message : 'something else',
      cause,
    });
  }
}
