import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

import { InputError } from '../core/errors.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { mountTinyDisk } from '../../test/support/tiny-disk.js';
import { isTemporary, writeAtomic } from './atomic-file.js';

async function storageErrorOf(work: Promise<unknown>): Promise<string> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof InputError)) throw new Error(`expected an InputError, got ${String(thrown)}`);
  expect(thrown.code).toBe('storage');
  return thrown.message;
}

test('writes text, bytes and pieces, and replaces what was there', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'a.bin');
  await writeAtomic(file, 'one');
  expect(await readFile(file, 'utf8')).toBe('one');
  await writeAtomic(file, Uint8Array.of(1, 2, 3));
  expect([...(await readFile(file))]).toEqual([1, 2, 3]);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(4);
    yield await Promise.resolve(Uint8Array.of(5, 6));
  }
  await writeAtomic(file, pieces());
  expect([...(await readFile(file))]).toEqual([4, 5, 6]);
  expect(await readdir(folder.path)).toEqual(['a.bin']);
});

test('a source that fails midway leaves the old file and nothing else', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'a.bin');
  await writeAtomic(file, 'old');
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(new Uint8Array(100_000));
    throw new Error('the source broke');
  }
  await expect(writeAtomic(file, failing())).rejects.toThrow('the source broke');
  expect(await readFile(file, 'utf8')).toBe('old');
  expect(await readdir(folder.path)).toEqual(['a.bin']);
});

test('a reader sees the old content or the new, never a mixture', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'a.txt');
  const contents = ['a', 'b'].map((letter) => letter.repeat(1 << 20));
  await writeAtomic(file, contents[0]);
  const writing = { over: false };
  const writer = (async () => {
    for (let i = 1; i <= 10; i++) await writeAtomic(file, contents[i % 2]);
    writing.over = true;
  })();
  let reads = 0;
  for (; !writing.over; reads++) expect(contents.includes(await readFile(file, 'utf8'))).toBe(true);
  await writer;
  expect(reads).toBeGreaterThan(0);
});

test('a missing folder, a file for a folder and a folder for a file are told apart', async () => {
  await using folder = await temporaryFolder();
  expect(await storageErrorOf(writeAtomic(path.join(folder.path, 'no', 'a'), 'x'))).toContain(
    'no folder to write into',
  );
  await writeFile(path.join(folder.path, 'plain'), '');
  expect(await storageErrorOf(writeAtomic(path.join(folder.path, 'plain', 'a'), 'x'))).toContain(
    'a file where a folder should be',
  );
  await mkdir(path.join(folder.path, 'taken'));
  expect(await storageErrorOf(writeAtomic(path.join(folder.path, 'taken'), 'x'))).toContain(
    'a folder where the file should be',
  );
  expect((await readdir(folder.path)).sort()).toEqual(['plain', 'taken']);
});

test('a full disk: says so, keeps the old file, leaves nothing half-written', async ({ skip }) => {
  const mounted = mountTinyDisk(64);
  if (typeof mounted === 'string') return skip(mounted);
  using disk = mounted;
  const file = path.join(disk.path, 'a.bin');
  await writeAtomic(file, 'old');
  expect(await storageErrorOf(writeAtomic(file, new Uint8Array(1 << 20)))).toContain('a full disk. Free some space');
  expect(await readFile(file, 'utf8')).toBe('old');
  expect(await readdir(disk.path)).toEqual(['a.bin']);
  await writeAtomic(file, 'new'); // the space is free again
});

test('a read-only disk: says so', async ({ skip }) => {
  const mounted = mountTinyDisk(64);
  if (typeof mounted === 'string') return skip(mounted);
  using disk = mounted;
  disk.makeReadOnly();
  expect(await storageErrorOf(writeAtomic(path.join(disk.path, 'a'), 'x'))).toContain('a read-only file system');
});

test('a limit on file size: says so, keeps the old file, leaves nothing half-written', async ({ skip }) => {
  const limit = (value: string): boolean =>
    spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${value}:`]).status === 0;
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'a.bin');
  await writeAtomic(file, 'old');
  if (!limit('65536')) return skip('prlimit does not work here');
  try {
    expect(await storageErrorOf(writeAtomic(file, new Uint8Array(1 << 20)))).toContain('a limit on the size of files');
  } finally {
    limit('unlimited');
  }
  expect(await readFile(file, 'utf8')).toBe('old');
  expect(await readdir(folder.path)).toEqual(['a.bin']);
});

test('a folder that may not be written: says so', async ({ skip }) => {
  if (process.platform === 'win32') return skip('no POSIX permissions');
  await using folder = await temporaryFolder();
  await chmod(folder.path, 0o555);
  const asRoot = process.geteuid?.() === 0;
  if (asRoot) process.seteuid?.(65534); // root may write anywhere
  try {
    expect(await storageErrorOf(writeAtomic(path.join(folder.path, 'a'), 'x'))).toContain('no permission');
  } finally {
    if (asRoot) process.seteuid?.(0);
    await chmod(folder.path, 0o755);
  }
});

test('names of temporary files are known again, other hidden files are not', () => {
  expect(isTemporary('.config.json.1234-0123456789ab.tmp')).toBe(true);
  expect(isTemporary('.config.json.tmp')).toBe(false);
  expect(isTemporary('config.json')).toBe(false);
});
