import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { runInProcess, type Outcome } from '../test/support/run-in-process.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { MemoryBytes } from '../src/core/bytes.js';
import { openDataset } from '../src/data/dataset.js';
import { datasetLocation } from '../src/node/dataset-location.js';
import { imageDecoder } from '../src/node/decode-image.js';
import { loadEmojiAtlas } from '../src/node/emoji-atlas.js';
import { renderScenes } from '../src/run/render-scenes.js';
import { renderScene } from '../src/world/render.js';
import { stylesIn } from '../src/world/styles.js';
import { taskDataset } from '../src/world/task-dataset.js';
import { scenes } from './scenes.js';

const manifestSchema = z.object({
  format: z.literal('rvpt-scenes-1'),
  atlas_sha256: z.string(),
  styles: z.array(z.string()),
  seed: z.number(),
  per_class: z.number(),
  split: z.string(),
  sha256: z.record(z.string(), z.string()),
});

function run(...argv: string[]): Promise<Outcome> {
  return runInProcess(['scenes', ...argv], [scenes]);
}

async function manifestOf(folder: string): Promise<z.output<typeof manifestSchema>> {
  return manifestSchema.parse(JSON.parse(await readFile(path.join(folder, 'scenes.json'), 'utf8')));
}

test('an image folder that the rest of rvpt reads, with the pixels of the scenes and a manifest that fits', async () => {
  await using folder = await temporaryFolder();
  const out = path.join(folder.path, 'not/yet/there');
  const { code, stdout } = await run('--out', out, '--per-class', '2', '--seed', '7', '--split', 'train', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ task: 'a', split: 'train', seed: 7, images: 80, classes: 40 });

  const atlas = await loadEmojiAtlas();
  const options = { split: 'train', perClass: 2, styles: stylesIn(atlas, 'seen'), seed: 7 } as const;
  const expected = taskDataset(atlas, 'a', options);
  const dataset = await openDataset(await datasetLocation(out), {});
  expect(dataset.classNames).toEqual(expected.classNames);
  expect(dataset.samples).toEqual(expected.scenes.map(({ path: file, label }) => ({ path: file, label })));

  const manifest = await manifestOf(out);
  expect(manifest).toMatchObject({ atlas_sha256: atlas.sha256, seed: 7, per_class: 2, split: 'train' });
  expect(Object.keys(manifest.sha256)).toEqual(dataset.samples.map((sample) => sample.path));
  for (const { path: file, scene } of expected.scenes) {
    const bytes = await readFile(path.join(out, file));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(manifest.sha256[file]);
    expect((await imageDecoder()(new MemoryBytes(file, bytes))).data).toEqual(renderScene(atlas, scene).data);
  }
});

test('the same command writes the same files', async () => {
  await using folder = await temporaryFolder();
  const [one, other, seeded] = ['one', 'other', 'seeded'].map((name) => path.join(folder.path, name));
  for (const out of [one, other]) await run('--out', out, '--per-class', '1', '--style', 'all');
  await run('--out', seeded, '--per-class', '1', '--style', 'all', '--seed', '1');
  expect(await manifestOf(other)).toEqual(await manifestOf(one));
  expect((await manifestOf(seeded)).sha256).not.toEqual((await manifestOf(one)).sha256);
});

test.each([
  ['unseen', ['twemoji']],
  ['mono', ['fluent-emoji-high-contrast']],
])('--style %s', async (style, styles) => {
  await using folder = await temporaryFolder();
  const out = path.join(folder.path, 'out');
  const { code, stdout } = await run('--out', out, '--task', 'b', '--per-class', '1', '--style', style);
  expect([code, stdout]).toEqual([
    0,
    expect.stringContaining(`30 images of 30 classes, 48 by 48 pixels, in the style`),
  ]);
  const { styles: shown, sha256 } = await manifestOf(out);
  expect(shown).toEqual(styles);
  for (const file of Object.keys(sha256)) expect(file).toContain(`-${styles[0]}.png`);
});

test('a folder with something in it is left alone; an empty one is filled', async () => {
  await using folder = await temporaryFolder();
  const argv = ['--out', folder.path, '--per-class', '1'];
  await writeFile(path.join(folder.path, '.mine'), 'kept');
  const { code, stderr } = await run(...argv);
  expect(code).toBe(2);
  expect(stderr).toContain('expected a new or empty folder, got one with 1 file');
  expect(await readdir(folder.path)).toEqual(['.mine']);

  await using empty = await temporaryFolder();
  expect((await run('--out', empty.path, '--per-class', '1')).code).toBe(0);
  expect(await readdir(empty.path)).toHaveLength(41);
});

test('a file where the folder should be', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'file');
  await writeFile(file, '');
  const { code, stderr } = await run('--out', file, '--per-class', '1');
  expect(code).toBe(2);
  expect(stderr).toContain('a file where a folder should be');
});

test('stopped half way, nothing is left behind', async () => {
  await using folder = await temporaryFolder();
  const stop = new AbortController();
  const rendering = renderScenes(path.join(folder.path, 'out'), {
    atlas: await loadEmojiAtlas(),
    ...{ task: 'a', split: 'test', perClass: 4, style: 'seen', difficulty: 'mild', seed: 0 },
    signal: stop.signal,
    progress: {
      begin: () => ({
        update: (done) => {
          if (done === 50) stop.abort(new Error('stopped'));
        },
        end: () => undefined,
      }),
    },
  });
  await expect(rendering).rejects.toThrow('stopped');
  expect(await readdir(folder.path)).toEqual([]);
});

test.each([
  [['--per-class', '0'], '--per-class'],
  [['--task', 'c'], '--task'],
  [['--style', 'twemoji'], '--style'],
])('%j is refused', async (argv, named) => {
  const { code, stderr } = await run('--out', 'never', ...argv);
  expect(code).toBe(2);
  expect(stderr).toContain(named);
});
