import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { MemoryFolder } from '../../test/support/memory-folder.js';
import { writeColors } from '../../test/support/small-clip.js';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { silentProgress } from '../core/progress.js';
import { Random } from '../tensor/random.js';
import { GridImageSource, type GridImages } from './grid-images.js';
import { digestOfImages } from './images-digest.js';

let scope: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]): string => path.join(scope.path, ...names);
const source = (out = 'out'): GridImageSource => new GridImageSource({ folder: at(out), progress: silentProgress });

/** The same names in `colors` and in `noisier`, other pixels; in parts. */
beforeAll(async () => {
  scope = await temporaryFolder();
  for (const [name, seed] of [
    ['colors', 0],
    ['noisier', 10],
  ] as const) {
    await writeColors(at(name, 'train'), 3, seed);
    await writeColors(at(name, 'val'), 2, seed + 1);
    await writeColors(at(name, 'test'), 2, seed + 2);
  }
  await writeColors(at('no-val', 'train'), 3, 0);
  await writeColors(at('no-val', 'test'), 2, 2);
});
afterAll(() => scope[Symbol.asyncDispose]());

test('images are told apart by what they show, not by their paths alone', async () => {
  const identity = async (location: string): Promise<GridImages['identity']> =>
    (await source().measured(location, 'test', undefined, false)).identity;
  await cp(at('colors'), at('copied'), { recursive: true });
  const colors = await identity(at('colors'));
  expect(await identity(at('copied'))).toEqual(colors);
  expect(await identity(at('noisier'))).not.toEqual(colors);
  expect(await identity(at('noisier'))).toMatchObject({ list: colors['list'] });
});

test('the digest looks into images from all over a long list, whatever its order', async () => {
  const paths = Array.from({ length: 1000 }, (_, i) => `${String(i).padStart(4, '0')}.png`);
  const digest = (changed: readonly string[] = [], order = paths): Promise<string> => {
    const files = paths.map((name) => [name, changed.includes(name) ? 'another' : name] as const);
    return digestOfImages(new MemoryFolder('images', Object.fromEntries(files)), order);
  };
  const whole = await digest();
  expect(await digest([], Random.stream(1, 'order').shuffled(paths))).toBe(whole);
  for (const start of [0, 500, 990]) expect(await digest(paths.slice(start, start + 10))).not.toBe(whole);
  expect(await digest([], paths.slice(1))).not.toBe(whole);
});

test('settings are never chosen on test images, whoever names the data', async () => {
  const images = (split: 'validation' | 'test', own: boolean, location = at('no-val')): Promise<GridImages> =>
    source().measured(location, split, undefined, own);
  expect((await images('test', true)).samples).toHaveLength(8);
  await expect(images('validation', true)).rejects.toThrow('expected a split among test, train');
  await expect(images('validation', false)).rejects.toThrow('expected a split among test, train');
  const validation = await images('validation', true, at('colors'));
  expect(validation.identity).toEqual((await images('validation', false, at('colors'))).identity);
  expect(validation.identity).not.toEqual((await images('test', true, at('colors'))).identity);
});

test('rendered images of another version are not taken for this one’s; the same ones are rendered once', async () => {
  const opened = async (images: GridImages): Promise<string> => (await images.open()).source.location;
  const own = source();
  const places = await Promise.all([
    own.measured('emoji:a', 'test', 1, false).then(opened),
    own.measured('emoji:a', 'test', 1, true).then(opened),
  ]);
  expect(new Set(places).size).toBe(1);
  const [folder] = await readdir(at('out'));
  expect(places[0]).toContain(folder);

  // a version that drew other images left them under what is not told of this identity
  const stale = at('other', folder.replace(/-[0-9a-f]{8}$/, ''));
  await mkdir(path.dirname(stale), { recursive: true });
  await cp(at('out', folder), stale, { recursive: true });
  const [image] = (await readdir(stale, { recursive: true })).filter((name) => name.endsWith('.png'));
  await writeFile(path.join(stale, image), 'drawn otherwise');
  const again = await opened(await source('other').measured('emoji:a', 'test', 1, false));
  expect(await readFile(path.join(again, image))).toEqual(await readFile(at('out', folder, image)));
});
