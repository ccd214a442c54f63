import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { CountingBytes } from '../../../test/support/memory-folder.js';
import { imageParquet } from '../../../test/support/parquet-file.js';
import { MemoryBytes } from '../../core/bytes.js';
import { ParquetFile } from './parquet-file.js';

/** Written by pyarrow; `make.py` beside the files says what is in them. */
async function golden(name: string): Promise<Uint8Array> {
  return readFile(new URL(`../../../test/golden/parquet/${name}.parquet`, import.meta.url));
}

function open(bytes: Uint8Array): Promise<ParquetFile> {
  return ParquetFile.open(new MemoryBytes('data.parquet', bytes));
}

/** All values of a column. */
async function valuesOf(bytes: Uint8Array, column: string): Promise<unknown[]> {
  const source = new MemoryBytes('data.parquet', bytes);
  const file = await ParquetFile.open(source);
  const groups: unknown[] = [];
  for (const group of file.rowGroups.keys()) groups.push(...(await file.readColumn(source, group, column)));
  return groups;
}

const imageCell = z.object({ bytes: z.instanceof(Uint8Array), path: z.string() });

describe('what pyarrow writes', () => {
  test.each(['codec-none', 'codec-snappy', 'codec-gzip', 'codec-brotli', 'codec-zstd', 'codec-lz4', 'delta'])(
    '%s: images, labels, captions',
    async (name) => {
      const bytes = await golden(name);
      const file = await open(bytes);
      expect(file.rowGroups).toEqual([
        { start: 0, rows: 2 },
        { start: 2, rows: 2 },
        { start: 4, rows: 2 },
      ]);
      expect(file.columns.map(({ name, kind }) => [name, kind])).toEqual([
        ['image', 'image'],
        ['label', 'integer'],
        ['caption', 'text'],
      ]);
      expect(file.features.get('label')).toEqual({ kind: 'class', names: ['ant', 'bee', 'sea_cow'] });
      expect(await valuesOf(bytes, 'label')).toEqual([0n, 1n, 2n, 0n, 1n, 2n]);
      expect(await valuesOf(bytes, 'caption')).toEqual([0, 1, 2, 3, 4, 5].map((i) => `row ${i}`));
      const images = z.array(imageCell).parse(await valuesOf(bytes, 'image'));
      expect(images.map(({ path }) => path)).toEqual([0, 1, 2, 3, 4, 5].map((i) => `${i}.png`));
      const { data } = await sharp(images[3].bytes).raw().toBuffer({ resolveWithObject: true });
      expect([...data.subarray(0, 3)]).toEqual([120, 0, 135]);
    },
  );

  test.each(['nulls-v1', 'nulls-v2'])('%s: a path without bytes, and no image at all', async (name) => {
    const images = await valuesOf(await golden(name), 'image');
    expect(images).toHaveLength(6);
    expect(images[4]).toEqual({ bytes: null, path: 'beside.png' });
    expect(imageCell.safeParse(images[5]).success).toBe(false);
    expect(imageCell.parse(images[3]).path).toBe('3.png');
  });

  test('an encoding whose values can be of any size is refused', async () => {
    await expect(valuesOf(await golden('delta-byte-array'), 'caption')).rejects.toThrow(
      'values of encoding 7; plain, dictionary and delta encodings are read',
    );
  });
});

test('opening reads the footer alone, a row group no more than itself', async () => {
  const image = new Uint8Array(50_000).map((_, i) => (i * 7919) % 251);
  const bytes = imageParquet(
    [0, 1, 2, 3].map((label) => ({ image, label })),
    { images: 'bytes', rowGroupSize: 1 },
  );
  const source = new CountingBytes(new MemoryBytes('data.parquet', bytes));
  const file = await ParquetFile.open(source);
  expect(source.total).toBeLessThan(4_000);
  const [value] = await file.readColumn(source, 2, 'image');
  expect(value).toEqual(image);
  expect(source.total).toBeLessThan(bytes.length / 2);
});

describe('hostile files', () => {
  const row = { image: new Uint8Array([1, 2, 3]), label: 0 };
  const whole = imageParquet([row, row, row]);
  const tail = new DataView(whole.buffer, whole.byteOffset + whole.length - 8);
  const footerLength = tail.getUint32(0, true);

  /** The file with another footer length. */
  function withFooterLength(length: number): Uint8Array {
    const bytes = whole.slice();
    new DataView(bytes.buffer).setUint32(bytes.length - 8, length, true);
    return bytes;
  }

  test.each([
    ['cut short', whole.subarray(0, whole.length - 20), 'no parquet file, or one that is cut short'],
    ['empty', new Uint8Array(0), '0 bytes'],
    ['a footer longer than the file', withFooterLength(0xfffffff0), 'one that says it has 4294967280'],
    ['a footer that begins in the middle', withFooterLength(footerLength - 3), 'a parquet footer'],
    ['a footer without anything in it', withFooterLength(0), 'a parquet footer'],
  ])('%s', async (_, bytes, message) => {
    await expect(open(bytes)).rejects.toThrow(message);
    await expect(open(bytes)).rejects.toThrow(expect.objectContaining({ code: 'malformed' }));
  });

  /** A file whose footer is the given Thrift. */
  function withFooter(footer: readonly number[]): Uint8Array {
    const bytes = new Uint8Array(4 + footer.length + 8);
    bytes.set(new TextEncoder().encode('PAR1'));
    bytes.set(footer, 4);
    new DataView(bytes.buffer).setUint32(4 + footer.length, footer.length, true);
    bytes.set(new TextEncoder().encode('PAR1'), bytes.length - 4);
    return bytes;
  }

  test('a list of two thousand million structs in a few bytes', async () => {
    // field 2: a list (9), its length a number of five bytes, of structs (12)
    await expect(open(withFooter([0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0]))).rejects.toThrow(
      'a list of 2147483647 where 9 bytes are left',
    );
  });

  test('structs within structs without end', async () => {
    await expect(open(withFooter(new Array<number>(5000).fill(0x1c)))).rejects.toThrow('more than 24 deep');
  });

  test('every byte of the pages and of the footer changed: read or refused, in little memory', async () => {
    let refused = 0;
    for (let i = 0; i < whole.length; i++) {
      for (const flip of [0xff, 0x80, 0x01]) {
        const bytes = whole.slice();
        bytes[i] ^= flip;
        await Promise.all(['image', 'label'].map((column) => valuesOf(bytes, column))).catch((thrown: unknown) => {
          expect(thrown).toMatchObject({ name: 'InputError' });
          refused += 1;
        });
      }
    }
    expect(refused).toBeGreaterThan(whole.length / 2);
  });
});
