import { readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';

import { MemoryFolder } from '../../test/support/memory-folder.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { MemoryBytes } from '../core/bytes.js';
import type { InputErrorCode } from '../core/errors.js';
import { imageDecoder } from '../node/decode-image.js';
import { loadEmojiAtlas } from '../node/emoji-atlas.js';
import { sha256 } from '../node/sha256.js';
import { openEmojiAtlas, type EmojiAtlas } from './atlas.js';

const host = { decode: imageDecoder(), sha256 };

/** Three sprites of 2 by 2, two in a row: 4 by 8 pixels, the lower half alpha. */
const side = 2;
const [width, height] = [4, 8];

/** A sheet whose pixel at (x, y) is [10 x, 10 y, 5] above and alpha 255 below but where `alpha` says otherwise. */
async function sheet(alpha: (x: number, y: number) => number = () => 255, size = { width, height }): Promise<Buffer> {
  const data = Buffer.alloc(size.width * size.height * 3);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const above = y < size.height / 2;
      const value = above ? [10 * x, 10 * y, 5] : new Array<number>(3).fill(alpha(x, y - size.height / 2));
      data.set(value, (y * size.width + x) * 3);
    }
  }
  return sharp(data, { raw: { ...size, channels: 3 } })
    .png()
    .toBuffer();
}

function names(): object[] {
  return ['ice cream', 'dog', 'cat'].map((name) => ({ name, task: 'a', tags: [] }));
}

async function files(change: object = {}, image?: Buffer): Promise<Record<string, Uint8Array | string>> {
  const stored = await sheet();
  const digest = await sha256(new MemoryBytes('sheet', stored));
  const styles = [{ name: 'plain', role: 'seen', words: ['plain'], sheet: 'plain.png', sha256: digest }];
  const atlas = { version: 1, side, columns: 2, styles, names: names(), ...change };
  return { 'atlas.json': JSON.stringify(atlas), 'plain.png': image ?? stored };
}

/** Holds that an opening is refused as an input error. @param message as `toThrow` takes it */
async function expectRefusal(opening: Promise<unknown>, code: InputErrorCode, message: string | RegExp): Promise<void> {
  await expect(opening).rejects.toThrow(message);
  await expect(opening).rejects.toMatchObject({ name: 'InputError', code });
}

async function open(content: Record<string, Uint8Array | string>): Promise<EmojiAtlas> {
  return openEmojiAtlas(new MemoryFolder('emoji', content), host);
}

test('sprites are cut from their places: the third is the first of the second row', async () => {
  const atlas = await open(await files());
  const pixel = (x: number, y: number): number[] => [10 * x, 10 * y, 5, 255];
  expect([...atlas.sprite('dog', 'plain')]).toEqual([pixel(2, 0), pixel(3, 0), pixel(2, 1), pixel(3, 1)].flat());
  expect([...atlas.sprite('cat', 'plain')]).toEqual([pixel(0, 2), pixel(1, 2), pixel(0, 3), pixel(1, 3)].flat());
});

test('alpha comes from the lower half, and no colour exceeds it', async () => {
  const image = await sheet((x, y) => (x === 3 && y === 1 ? 20 : 255));
  const digest = await sha256(new MemoryBytes('sheet', image));
  const styles = [{ name: 'plain', role: 'seen', words: [], sheet: 'plain.png', sha256: digest }];
  const atlas = await open(await files({ styles }, image));
  expect([...atlas.sprite('dog', 'plain')].slice(12)).toEqual([20, 10, 5, 20]);
});

test('no atlas', async () => {
  await expectRefusal(
    open({}),
    'missing',
    /atlas in emoji: expected atlas\.json, got none there\. .*npm run make:atlas/s,
  );
});

test('a folder that is not there', async () => {
  await using folder = await temporaryFolder();
  await expect(loadEmojiAtlas(path.join(folder.path, 'no'))).rejects.toMatchObject({ code: 'missing' });
});

test.each([
  [2, 'got version 2'],
  ['1', 'got version "1"'],
  [undefined, 'got no version'],
])('an atlas of version %j', async (version, received) => {
  await expectRefusal(open(await files({ version })), 'unsupported', `expected version 1, ${received}.`);
});

test.each([
  ['no list of names', { names: undefined }, 'names: '],
  ['a name twice', { names: [...names(), ...names()] }, 'names: a name is listed twice'],
  ['a name that no caption can hold', { names: [{ name: '../dog', task: 'a', tags: [] }] }, 'names.0.name'],
  ['a task that is none', { names: [{ name: 'dog', task: 'c', tags: [] }] }, 'names.0.task'],
  ['sprites of no size', { side: 0 }, 'side'],
  ['absurd sprites', { side: 1e6 }, 'side'],
  [
    'a sheet elsewhere',
    { styles: [{ name: 'p', role: 'seen', words: [], sheet: '../p.png', sha256: '0'.repeat(64) }] },
    'styles.0.sheet',
  ],
])('an atlas with %s is malformed', async (_, change, where) => {
  await expectRefusal(open(await files(change)), 'malformed', where);
});

test('an atlas that is not JSON', async () => {
  await expect(open({ 'atlas.json': '{' })).rejects.toMatchObject({ code: 'malformed' });
});

test('a sheet that is missing, or of another atlas, or of another size', async () => {
  const { 'atlas.json': json } = await files();
  await expect(open({ 'atlas.json': json })).rejects.toMatchObject({ code: 'missing' });

  const other = await sheet(() => 254);
  await expectRefusal(
    open(await files({}, other)),
    'mismatch',
    /expected plain\.png with the SHA-256 [0-9a-f]{64}, got another file/,
  );

  await expectRefusal(
    open(await files({ columns: 3 })),
    'mismatch',
    'expected plain.png of 6 by 4 pixels: 3 sprites of 2, 3 in a row, twice, got 4 by 8',
  );
});

test('names and styles that the atlas lacks, with what may have been meant', async () => {
  const atlas = await open(await files());
  expect(() => atlas.entry('icecream')).toThrow(/"icecream" in the emoji atlas.* Did you mean ice cream\?/);
  expect(() => atlas.style('noto')).toThrow(/"noto".* It has plain\./);
  expect(() => atlas.sprite('dog', 'noto')).toThrow(/"noto"/);
});

const own = await loadEmojiAtlas();

test('the atlas of the package: 40 and 30 classes, banana among the first, no word shared between two names', () => {
  const of = (task: string): string[] => own.names.filter((entry) => entry.task === task).map(({ name }) => name);
  expect([of('a').length, of('b').length]).toEqual([40, 30]);
  expect(of('a')).toContain('banana');
  const words = own.names.flatMap(({ name }) => name.split(' '));
  expect(new Set(words).size).toBe(words.length);
});

test('no keyword names another thing', () => {
  const words = new Set(own.names.flatMap(({ name }) => name.split(' ')));
  expect(own.names.flatMap(({ tags }) => tags.filter((tag) => words.has(tag)))).toEqual([]);
});

test('one colour style is held out, and one monochrome', () => {
  const of = (role: string): string[] => own.styles.filter((style) => style.role === role).map(({ name }) => name);
  expect(of('unseen')).toEqual(['twemoji']);
  expect(of('monochrome')).toEqual(['fluent-emoji-high-contrast']);
  expect(of('seen').length).toBe(6);
});

test('every sprite shows something and leaves something free', () => {
  for (const { name } of own.names) {
    for (const { name: style } of own.styles) {
      const alpha = own.sprite(name, style).filter((_, i) => i % 4 === 3);
      const covered = alpha.reduce((sum, value) => sum + value / 255, 0) / alpha.length;
      expect(covered, `${name} in ${style}`).toBeGreaterThan(0.1);
      expect(covered, `${name} in ${style}`).toBeLessThan(0.99);
    }
  }
});

test('the monochrome style is without colour: black in all its sprites', () => {
  for (const { name } of own.names) {
    const sprite = own.sprite(name, 'fluent-emoji-high-contrast');
    expect(Math.max(...sprite.filter((_, i) => i % 4 !== 3)), name).toBe(0);
  }
});

test('the licences list every style, each under one that lets its art be passed on', async () => {
  const folder = path.resolve(import.meta.dirname, '../../assets/emoji');
  const text = await readFile(path.join(folder, 'LICENSES.md'), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows.map((row) => /^\| `([\w-]+)`/.exec(row)?.[1])).toEqual(own.styles.map(({ name }) => name));
  for (const row of rows) expect(row).toMatch(/\(`(Apache-2\.0|MIT|CC-BY-4\.0)`\)/);
  expect(await readFile(path.join(folder, 'APACHE-2.0.txt'), 'utf8')).toContain('TERMS AND CONDITIONS FOR USE');
});
