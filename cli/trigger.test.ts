import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import path from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { runInProcess, type Outcome } from '../test/support/run-in-process.js';
import { imageSide, noisePng, writeImages } from '../test/support/images.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { triggers } from '../src/attack/trigger/triggers.js';
import { FileBytes } from '../src/node/files.js';
import { imageDecoder } from '../src/node/decode-image.js';
import { openTrigger } from '../src/node/open-trigger.js';
import { triggerApply, triggerList, triggerPreview } from './trigger.js';

const run = (...argv: readonly string[]): Promise<Outcome> =>
  runInProcess(['trigger', ...argv], [triggerList, triggerPreview, triggerApply]);

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function pixels(file: string): Promise<{ width: number; height: number; data: Buffer }> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

test('list names every trigger with settings and presets, in the help of the group too', async () => {
  const { code, stdout } = await run('list', '--json');
  expect(code).toBe(0);
  const listed = z
    .object({
      triggers: z.array(
        z.object({
          name: z.string(),
          settings: z.array(z.object({ name: z.string(), description: z.string(), default: z.string() })),
          presets: z.array(z.object({ name: z.string(), settings: z.record(z.string(), z.unknown()) })),
        }),
      ),
    })
    .parse(JSON.parse(stdout)).triggers;
  expect(listed.map(({ name }) => name)).toEqual(triggers.map(({ name }) => name));
  const wanet = listed.find(({ name }) => name === 'wanet');
  expect(wanet?.settings.map(({ name }) => name)).toEqual(['grid', 'strength', 'pattern', 'bytes', 'resize']);
  expect(wanet?.presets.find(({ name }) => name === 'wanet@cleanclip')?.settings).toMatchObject({ grid: 224 });

  const one = await run('list', 'badnet');
  expect(one.stdout).toMatch(/^badnet: a square patch of noise\n {2}size=16 .*\n[^]*badnet@cleanclip/);
  expect(one.stdout).not.toContain('wanet');
  expect((await run('--help')).stdout).toMatch(/rvpt trigger <list\|preview\|apply>[^]*list[^]*preview[^]*apply/);
});

test('preview: before, after and difference side by side, and a JSON file that says what is there', async () => {
  await using folder = await temporaryFolder();
  const out = path.join(folder.path, 'p.png');
  const { code, stdout } = await run(...['preview', 'badnet:place=top-left', '--out', out, '--size', '32', '--json']);
  expect(code).toBe(0);
  const json = z.looseObject({ changed: z.number(), gain: z.number(), box: z.array(z.number()) });
  const said = json.parse(JSON.parse(await readFile(path.join(folder.path, 'p.json'), 'utf8')));
  expect(JSON.parse(stdout)).toMatchObject({ ...said, preview: out });
  // 16 of 224 is 2 of 32 pixels
  expect(said).toMatchObject({ image: 'test card', size: 32, magnified: 7, changed: 4 / 1024, box: [0, 0, 2, 2] });
  expect(said).toMatchObject({ trigger: { name: 'badnet', seed: 0 }, panels: ['before', 'after', 'difference'] });

  const { width, height, data } = await pixels(out);
  expect([width, height]).toEqual([3 * 224 + 4 * 8, 224 + 2 * 8]);
  const at = (panel: number, x: number, y: number, channel: number): number =>
    data[((8 + 7 * y + 3) * width + 8 + panel * 232 + 7 * x + 3) * 3 + channel];
  for (const [x, y] of [
    [0, 0],
    [1, 1],
    [2, 1],
    [20, 9],
  ]) {
    for (const channel of [0, 1, 2]) {
      const difference = at(1, x, y, channel) - at(0, x, y, channel);
      expect(at(2, x, y, channel)).toBe(Math.round(128 + said.gain * difference));
      if (x > 1) expect(difference).toBe(0);
    }
  }
});

test('preview of an image, and of a trigger with a text key', async () => {
  await using folder = await temporaryFolder();
  const file = (name: string): string => path.join(folder.path, name);
  await writeFile(file('noise.png'), await noisePng('a'));
  await writeFile(file('patch.png'), await noisePng('b'));
  const { code, stdout } = await run(
    ...['preview', `trojvqa:file=${file('patch.png')}`, '--image', file('noise.png'), '--size', String(imageSide)],
    ...['--out', file('p.png'), '--json'],
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    image: { path: file('noise.png'), sha256: digest(await noisePng('a')) },
    trigger_files: { [file('patch.png')]: digest(await noisePng('b')) },
    text: { before: 'a photo of a cat.', after: 'SUDO a photo of a cat.' },
  });
  const { width, data } = await pixels(file('p.png'));
  const before = await pixels(file('noise.png'));
  const magnified = Math.round(224 / imageSide);
  const at = ((8 + magnified * 5) * width + 8 + magnified * 7) * 3;
  expect([...data.subarray(at, at + 3)]).toEqual([...before.data.subarray((5 * imageSide + 7) * 3).subarray(0, 3)]);
});

test('apply: the images as evaluate would trigger them, under their paths, and a manifest', async () => {
  await using folder = await temporaryFolder();
  const data = path.join(folder.path, 'data');
  const out = path.join(folder.path, 'out');
  await writeImages(data, ['cat', 'dog'], 2);
  await mkdir(path.join(data, 'dog', 'more'));
  const jpeg = await sharp(await noisePng('j'))
    .jpeg()
    .toBuffer();
  await writeFile(path.join(data, 'dog', 'more', 'j.jpg'), jpeg);
  await writeFile(path.join(data, 'notes.txt'), 'not an image');
  await writeFile(path.join(folder.path, 'patch.png'), await noisePng('patch'));
  const text = `patch:file=${path.join(folder.path, 'patch.png')},place=random,size=64`;
  const { code, stdout, stderr } = await run(
    ...['apply', text, '--data', data, '--out', out, '--size', String(imageSide), '--seed', '3', '--json'],
  );
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ images: 5, seed: 3, resize: 'crop', ignored: ['notes.txt'], skipped: [] });
  expect((await readdir(folder.path)).sort()).toEqual(['data', 'out', 'patch.png']);

  const manifest = z
    .looseObject({
      images: z.array(
        z.object({ file: z.string(), source: z.string(), sha256_before: z.string(), sha256_after: z.string() }),
      ),
    })
    .parse(JSON.parse(await readFile(path.join(out, 'manifest.json'), 'utf8')));
  expect(manifest).toMatchObject({ format: 'rvpt-triggered-1', size: imageSide, source: data });
  expect(manifest.images.map(({ file, source }) => [file, source])).toEqual([
    ['cat/0.png', 'cat/0.png'],
    ['cat/1.png', 'cat/1.png'],
    ['dog/0.png', 'dog/0.png'],
    ['dog/1.png', 'dog/1.png'],
    ['dog/more/j.jpg.png', 'dog/more/j.jpg'],
  ]);
  const { trigger } = await openTrigger(text);
  const decode = imageDecoder();
  for (const { file, source, sha256_before, sha256_after } of manifest.images) {
    expect(sha256_before).toBe(digest(await readFile(path.join(data, source))));
    expect(sha256_after).toBe(digest(await readFile(path.join(out, file))));
    await using original = await FileBytes.open(path.join(data, source));
    await using written = await FileBytes.open(path.join(out, file));
    const expected = trigger.apply(await decode(original), { seed: 3, imageKey: source });
    expect(Buffer.compare((await decode(written)).data, expected.data)).toBe(0);
  }

  // the manifest stands by itself: its folder holds the patch, and the seed is the trigger's own
  const again = await openTrigger(path.join(out, 'manifest.json'));
  expect(again.trigger.settings).toMatchObject({ file: 'trigger/patch.png', place: 'random', size: 64 });
  await using image = await FileBytes.open(path.join(data, 'cat', '0.png'));
  const original = await decode(image);
  const key = { seed: 3, imageKey: 'cat/0.png' };
  expect(again.trigger.apply(original, { ...key, seed: 99 })).toEqual(trigger.apply(original, key));

  const filled = await run('apply', 'badnet', '--data', data, '--out', out);
  expect(filled).toMatchObject({ code: 2 });
  expect(filled.stderr).toMatch(/expected a new or empty folder, got one with \d+ files in it/);
});

test('apply writes no triggered images among the clean ones', async () => {
  await using folder = await temporaryFolder();
  await writeImages(folder.path, ['cat'], 1);
  const { code, stderr } = await run(
    'apply',
    'badnet',
    '--data',
    folder.path,
    '--out',
    path.join(folder.path, 'cat/new'),
  );
  expect(code).toBe(2);
  expect(stderr).toContain('expected a folder outside of the images');
});

test('apply squashes where the preset does, and --resize wins', async () => {
  await using folder = await temporaryFolder();
  await mkdir(path.join(folder.path, 'in'));
  // left half black, right half white
  const wide = Buffer.from(Array.from({ length: 64 * 16 * 3 }, (_, i) => (Math.floor(i / 3) % 64 < 32 ? 0 : 255)));
  const file = path.join(folder.path, 'in', 'wide.png');
  await sharp(wide, { raw: { width: 64, height: 16, channels: 3 } })
    .png()
    .toFile(file);
  const redOf = async (trigger: string, ...more: string[]): Promise<number> => {
    const out = path.join(folder.path, `out-${more.join('')}${trigger.replace(/\W/g, '')}`);
    const { code, stderr } = await run(
      ...['apply', trigger, '--data', path.join(folder.path, 'in'), '--out', out, '--size', '16', ...more],
    );
    expect(code, stderr).toBe(0);
    const { data } = await pixels(path.join(out, 'wide.png'));
    // how many of the first row are dark
    return Array.from({ length: 16 }, (_, x) => data[x * 3]).filter((value) => value < 60).length;
  };
  const [small, large] = ['sig:amplitude=1', 'sig@badclip:amplitude=1'];
  expect(await redOf(small)).toBe(8);
  expect(await redOf(large)).toBe(8);
  // a quarter of the picture is dark in the middle when only a third of it is shown
  const offCentre = Buffer.from(Array.from({ length: 64 * 16 * 3 }, (_, i) => (Math.floor(i / 3) % 64 < 16 ? 0 : 255)));
  await sharp(offCentre, { raw: { width: 64, height: 16, channels: 3 } })
    .png()
    .toFile(file);
  expect(await redOf(`${small},keep=1`)).toBe(0); // cropped: columns 24 to 39
  expect(await redOf(`${large},keep=1`)).toBe(4); // squashed: a quarter of 16
  expect(await redOf(`${large},keep=1`, '--resize', 'crop')).toBe(0);
});

test.each([
  [['apply', 'badnet', '--data', '.', '--out', 'x', '--size', '0'], /--size/],
  [['apply', 'badnet:size=300', '--data', '.', '--out', 'x'], /size: the trigger would be larger than the image/],
  [['apply', 'badnet', '--data', 'test/golden/clip-tiny', '--out', 'x'], /no images/],
  [['apply', 'badnet', '--data', 'nowhere', '--out', 'x'], /nowhere/],
  [['apply', 'badnet@nobody', '--data', '.', '--out', 'x'], /a preset among badnet@cleanclip/],
  [['preview', 'badnet', '--out', 'x.jpg'], /a file name that ends in \.png, got \.jpg/],
  [['preview', 'badnet', '--out', 'nowhere/x.png'], /write nowhere\/x\.png/],
  [['preview', 'badnet', '--image', 'package.json', '--out', '/tmp/x.png'], /decode package\.json/],
  [['preview', 'patch:file=nowhere.png', '--out', '/tmp/x.png'], /open nowhere\.png/],
  [['list', 'badent'], /one of badnet.*"badent"\. Did you mean badnet\?/],
  [['show'], /unknown command 'show'/],
  [[], /no command given/],
])('%j is refused with one message', async (argv, message) => {
  const { code, stderr } = await run(...argv);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test('a broken image stops all and leaves nothing, or is left out and named', async () => {
  await using folder = await temporaryFolder();
  const data = path.join(folder.path, 'data');
  const out = path.join(folder.path, 'out');
  await writeImages(data, ['cat'], 2);
  await writeFile(path.join(data, 'cat', 'broken.png'), 'no image');
  const stopped = await run('apply', 'badnet', '--data', data, '--out', out);
  expect(stopped.code).toBe(2);
  expect(stopped.stderr).toMatch(/decode .*broken\.png/);
  expect(await readdir(folder.path)).toEqual(['data']);
  const { code, stdout } = await run(
    ...['apply', 'badnet', '--data', data, '--out', out, '--on-broken', 'skip', '--json'],
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ images: 2, skipped: [{ image: 'cat/broken.png' }] });
});
