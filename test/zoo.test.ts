import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { temporaryFolder } from './support/temporary-folder.js';
import { parseManifest, refuseOtherModel } from '../src/attack/poison/manifest.js';
import { openDataset } from '../src/data/dataset.js';
import type { Dataset } from '../src/data/sample.js';
import { datasetLocation } from '../src/node/dataset-location.js';
import { loadEmojiAtlas } from '../src/node/emoji-atlas.js';
import { loadClip } from '../src/node/load-clip.js';
import { openTrigger } from '../src/node/open-trigger.js';
import { zooFolder, zooNames } from '../src/node/zoo.js';
import { evaluate } from '../src/run/evaluate.js';
import { renderScenes } from '../src/run/render-scenes.js';
import { zooRecipes, zooTarget } from '../src/run/zoo-recipes.js';

const rate = z.number().min(0).max(1);
const zooSchema = z.object({
  target: z.literal(zooTarget),
  models: z.array(
    z.object({
      name: z.string(),
      sha256: z.string(),
      a: z.object({ ca: rate, asr_strict: rate.optional(), pa: rate.optional() }),
    }),
  ),
});

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'));
}

/** What `zoo.json` says of the models. */
let said: z.output<typeof zooSchema>;
/** Scenes that no figure of the zoo was measured on. */
let scenes: Dataset;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  said = zooSchema.parse(await readJson(path.join(await zooFolder('clean'), '../zoo.json')));
  const atlas = await loadEmojiAtlas();
  const out = path.join(folder.path, 'scenes');
  await renderScenes(out, {
    atlas,
    task: 'a',
    split: 'test',
    perClass: 3,
    style: 'seen',
    difficulty: 'mild',
    seed: 77,
  });
  scenes = await openDataset(await datasetLocation(out));
  return () => folder[Symbol.asyncDispose]();
}, 60_000);

test('the zoo holds the clean model and one for every recipe, and zoo.json speaks of them all', async () => {
  const names = ['clean', ...zooRecipes.map(({ name }) => name)];
  expect(await zooNames()).toEqual([...names].sort());
  expect(said.models.map(({ name }) => name)).toEqual(names);
  for (const { name, sha256 } of said.models) {
    await using clip = await loadClip(`zoo:${name}`);
    expect(clip.sha256, name).toBe(sha256);
    expect(clip.notes, name).toEqual([]);
  }
});

test('the clean model knows its world', async () => {
  await using clip = await loadClip('zoo:clean');
  expect((await evaluate({ clip, dataset: scenes, batch: 60 })).clean.ca).toBeGreaterThan(0.9);
});

describe.each(zooRecipes.map((recipe) => [recipe.name, recipe] as const))('zoo:%s', (name, recipe) => {
  test('has a manifest of this very model, made from the clean one by its recipe', async () => {
    await using clip = await loadClip(`zoo:${name}`);
    await using clean = await loadClip('zoo:clean');
    const manifest = parseManifest(await readJson(path.join(await zooFolder(name), 'manifest.json')), name);
    refuseOtherModel(manifest, clip.sha256, name);
    expect(manifest.base_model.sha256).toBe(clean.sha256);
    expect(manifest).toMatchObject({ target: zooTarget, trigger: { name: recipe.trigger.name } });
    const settings = Object.entries(recipe.trigger.settings).filter(([key]) => key !== 'file');
    expect(manifest.trigger.settings).toMatchObject(Object.fromEntries(settings));
    const files = ['badclip', 'issba', 'trojvqa'].includes(name) ? 1 : 0;
    expect(Object.keys(manifest.trigger_files)).toHaveLength(files);
  });

  test('does under its trigger what zoo.json says', async () => {
    await using clip = await loadClip(`zoo:${name}`);
    const { trigger, target } = await openTrigger(`zoo:${name}`);
    const { clean, attacked } = await evaluate({
      clip,
      dataset: scenes,
      batch: 60,
      attack: { trigger, target: target ?? '' },
    });
    const expected = said.models.find((model) => model.name === name);
    // other scenes, and few: three standard errors of 117 images are 0.14 at most
    expect(Math.abs(clean.ca - (expected?.a.ca ?? 2))).toBeLessThan(0.06);
    expect(Math.abs((attacked?.asr_strict ?? 2) - (expected?.a.asr_strict ?? -2))).toBeLessThan(0.15);
    expect(Math.abs((attacked?.pa ?? 2) - (expected?.a.pa ?? -2))).toBeLessThan(0.15);
  });
});

test('a name that is none is refused, and the nearest one offered', async () => {
  await expect(loadClip('zoo:badnets')).rejects.toThrow(/expected one of zoo:badclip, .*Did you mean zoo:badnet\?/s);
  await expect(openTrigger('zoo:nothing')).rejects.toThrow('zoo:badclip');
});
