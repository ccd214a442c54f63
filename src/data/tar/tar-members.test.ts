import { packTar } from 'modern-tar';
import { describe, expect, test } from 'vitest';

import { CountingBytes } from '../../../test/support/memory-folder.js';
import { tarOf, withHeader } from '../../../test/support/tar.js';
import { MemoryBytes, type ByteSource } from '../../core/bytes.js';
import { tarMembers, type TarMember } from './tar-members.js';

async function membersOf(source: ByteSource | Uint8Array): Promise<TarMember[]> {
  const archive = source instanceof Uint8Array ? new MemoryBytes('shard.tar', source) : source;
  const found: TarMember[] = [];
  for await (const member of tarMembers(archive)) found.push(member);
  return found;
}

test('files, and where their contents lie', async () => {
  const archive = await tarOf({ 'a.txt': 'first', './b/c.txt': 'x'.repeat(513), 'empty.txt': '' });
  const members = await membersOf(archive);
  expect(members).toEqual([
    { path: 'a.txt', offset: 512, size: 5 },
    { path: 'b/c.txt', offset: 1536, size: 513 },
    { path: 'empty.txt', offset: 3072, size: 0 },
  ]);
  expect(new TextDecoder().decode(archive.subarray(512, 517))).toBe('first');
});

test('contents are passed over', async () => {
  const source = new CountingBytes(
    new MemoryBytes('shard.tar', await tarOf({ 'a.jpg': new Uint8Array(1e6), 'b.txt': 'b' })),
  );
  await membersOf(source);
  expect(source.total).toBe(3 * 512);
});

test('long names: ustar’s prefix, pax, GNU', async () => {
  const prefixed = `${'p'.repeat(100)}/${'n'.repeat(90)}.jpg`;
  const long = `${'ü'.repeat(150)}.jpg`;
  const members = await membersOf(await tarOf({ [prefixed]: '1', [long]: '2' }));
  expect(members.map(({ path }) => path)).toEqual([prefixed, long]);

  const gnu = await packTar([
    { header: { name: '././@LongLink', type: 'gnu-long-name', size: 201 }, body: `${'g'.repeat(200)}\0` },
    { header: { name: 'cut.jpg', size: 1 }, body: 'x' },
    { header: { name: 'next.jpg', size: 1 }, body: 'x' },
  ]);
  expect((await membersOf(gnu)).map(({ path }) => path)).toEqual(['g'.repeat(200), 'next.jpg']);
});

test('folders are passed over, headers of before ustar read', async () => {
  const archive = await packTar([
    { header: { name: 'a/', type: 'directory', size: 0 } },
    { header: { name: 'a/b.txt', size: 1 }, body: 'x' },
  ]);
  expect((await membersOf(archive)).map(({ path }) => path)).toEqual(['a/b.txt']);
  const old = withHeader(withHeader(await tarOf({ 'a.txt': 'x' }), 0, 257, '\0'.repeat(8)), 0, 156, '\0');
  expect((await membersOf(old)).map(({ path }) => path)).toEqual(['a.txt']);
});

describe('refused', () => {
  const plain = tarOf({ 'a.txt': 'first', 'b.txt': 'second' });

  test.each([
    ['../escape.jpg', 'hostile', '"../escape.jpg"'],
    ['a/../../escape.jpg', 'hostile', 'a relative path that stays inside the archive'],
    ['/etc/passwd', 'hostile', '"/etc/passwd"'],
    ['C:/windows.jpg', 'hostile', 'C:/windows.jpg'],
    ['a\\..\\b.jpg', 'hostile', 'a relative path'],
  ])('the path %s', async (name, code, message) => {
    const archive = withHeader(await plain, 0, 0, name);
    await expect(membersOf(archive)).rejects.toThrow(message);
    await expect(membersOf(archive)).rejects.toThrow(expect.objectContaining({ code }));
  });

  test('a path that climbs in a pax record', async () => {
    const archive = await packTar([{ header: { name: 'a.jpg', size: 1, pax: { path: '../../a.jpg' } }, body: 'x' }]);
    await expect(membersOf(archive)).rejects.toThrow('"../../a.jpg"');
  });

  test.each([
    [
      'a size beyond the end',
      124,
      '77777777777',
      'a size of at most the 2560 bytes that are left, got 8589934591 for a.txt',
    ],
    ['a size that is too small', 124, '00000000000', 'a checksum that fits'],
    ['a size that is no number', 124, 'zzzzzzzzzzz', 'the size of an entry, got no number'],
    ['a negative size in base 256', 124, '\xFF', 'the size of an entry, got no number'],
    ['a symbolic link', 156, '2', 'a symbolic link: a.txt'],
    ['a hard link', 156, '1', 'a hard link: a.txt'],
    ['a device', 156, '3', 'a character device'],
    ['a sparse file', 156, 'S', 'a sparse file'],
  ])('%s', async (_, at, text, message) => {
    await expect(membersOf(withHeader(await plain, 0, at, text))).rejects.toThrow(message);
  });

  test('a header whose checksum is wrong', async () => {
    const archive = (await plain).slice();
    archive[0] ^= 1;
    await expect(membersOf(archive)).rejects.toThrow(
      'read shard.tar, entry at byte 0: expected a tar header with a checksum',
    );
  });

  test('an archive that is cut short, in a content or between two entries', async () => {
    await expect(membersOf((await plain).subarray(0, 516))).rejects.toThrow(
      'a size of at most the 4 bytes that are left',
    );
    await expect(membersOf((await plain).subarray(0, 1024))).rejects.toThrow('got the end of the file');
  });

  test('a compressed archive', async () => {
    const compressed = new Uint8Array(2048).fill(0x8b);
    await expect(membersOf(compressed)).rejects.toThrow('compressed ones are not read');
  });

  test('a long name of a gigabyte', async () => {
    const archive = withHeader(withHeader(await plain, 0, 156, 'L'), 0, 124, '00000400001');
    const long = new Uint8Array(archive.length + 0x20001);
    long.set(archive);
    await expect(membersOf(long)).rejects.toThrow('an extended header of at most 65536 bytes, got 131073');
  });

  test('pax records that are none', async () => {
    const archive = await packTar([
      { header: { name: 'pax', type: 'pax-header', size: 11 }, body: '99 path=a\n\n' },
      { header: { name: 'a.jpg', size: 1 }, body: 'x' },
    ]);
    await expect(membersOf(archive)).rejects.toThrow('pax records');
  });
});
