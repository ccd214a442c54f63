import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { optimisePatch } from '../attack/patch/optimise-patch.js';
import { patchObjectives } from '../attack/patch/patch-objectives.js';
import type { JsonObject } from '../core/json.js';
import { silentProgress, type Progress } from '../core/progress.js';
import type { Raster } from '../core/raster.js';
import { openDataset } from '../data/dataset.js';
import type { PairSource } from '../data/pair-source.js';
import type { Dataset } from '../data/sample.js';
import type { Evaluation } from '../evaluation/evaluate.js';
import { loadEmojiAtlas } from '../node/emoji-atlas.js';
import { DiskFolder } from '../node/files.js';
import { loadClip, type LoadedClip } from '../node/load-clip.js';
import { openTrigger } from '../node/open-trigger.js';
import type { Runtime } from '../runtime/session.js';
import { pretrainingSchema, type PretrainingSettings } from '../training/pretraining-settings.js';
import type { EmojiAtlas, Task } from '../world/atlas.js';
import { worldPairs } from '../world/pairs.js';
import { defaultDifficulty } from '../world/scene.js';
import type { StyleGroup } from '../world/styles.js';
import { writeAtomic } from './atomic-file.js';
import { evaluate } from './evaluate.js';
import { poison } from './poison.js';
import { pretrain, PRETRAINING_RECORD } from './pretrain.js';
import { currentVersions } from './provenance.js';
import { renderScenes } from './render-scenes.js';
import { readOrUndefined, writeJson } from './run-files.js';
import { writeModelFolder } from './write-model-folder.js';
import { writePatch } from './write-patch.js';
import { worldPretrainingPairs } from './world-pretraining.js';
import { zooPairs, zooPoisoning, zooRecipes, zooTarget, type ZooRecipe } from './zoo-recipes.js';

export interface MakeModelsOptions {
  /** The zoo's folder: one model folder a name in it. */
  readonly out: string;
  /** Folder for what is needed on the way; what is finished there is not made again. */
  readonly work: string;
  /** Models to make; all by default. `clean` is made whenever it is missing. */
  readonly names?: readonly string[];
  /** How the clean model is pretrained, where it departs from the defaults. */
  readonly pretraining?: Partial<PretrainingSettings>;
  readonly runtime: Runtime;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Told a sentence for a person. */
  readonly note?: (line: string) => void;
}

/** Everything in the zoo hangs on these; test images are drawn with another seed than validation images. */
const seeds = { training: 0, pairs: 1, validation: 2, test: 3 } as const;

/** Images of every class that the figures are measured on. */
const TEST_IMAGES = 12;

/** Images that a patch is optimised on: others, and of the target. */
const PATCH_IMAGES = { others: 1024, target: 256 } as const;

/**
 * Makes the zoo and measures it on test images: the figures go to `zoo.json` in its folder. Stopped at any moment, it
 * goes on where it was.
 * @throws InputError about folders and files
 */
export async function makeZoo(options: MakeModelsOptions): Promise<void> {
  await makeModels(options);
  await writeJson(path.join(options.out, 'zoo.json'), await measureZoo(options, await loadEmojiAtlas()));
}

/**
 * Makes the models of a zoo: pretrains the clean mini-CLIP, and poisons it in the ways of the recipes. Stopped at any
 * moment, it goes on where it was.
 * @throws InputError about settings, folders and files
 */
export async function makeModels(options: MakeModelsOptions): Promise<void> {
  const { out, work, note = () => undefined } = options;
  await mkdir(work, { recursive: true });
  const atlas = await loadEmojiAtlas();
  const clean = path.join(out, 'clean');
  if (!(await exists(path.join(clean, 'config.json')))) {
    note('clean: pretraining');
    await makeClean(options, clean);
  }
  for (const recipe of zooRecipes) {
    if (options.names !== undefined && !options.names.includes(recipe.name)) continue;
    if (await exists(path.join(out, recipe.name, 'manifest.json'))) continue;
    note(`${recipe.name}: ${recipe.summary}`);
    await using clip = await loadClip(clean);
    await makeBackdoored(options, atlas, clip, recipe);
  }
}

async function exists(file: string): Promise<boolean> {
  return (await readOrUndefined(file)) !== undefined;
}

async function makeClean(
  { work, runtime, pretraining = {}, progress, signal }: MakeModelsOptions,
  out: string,
): Promise<void> {
  const trained = path.join(work, 'clean');
  if (!(await exists(path.join(trained, 'config.json')))) {
    await pretrain({
      pairs: await worldPretrainingPairs(seeds.training),
      settings: pretrainingSchema.parse(pretraining),
      seed: seeds.training,
      out: trained,
      resume: true,
      runtime,
      ...(progress === undefined ? {} : { progress }),
      ...(signal === undefined ? {} : { signal }),
    });
  }
  await using clip = await loadClip(trained);
  const tokenizer = await readOrUndefined(path.join(trained, 'tokenizer.json'));
  await mkdir(out, { recursive: true });
  await writeModelFolder(out, {
    weights: clip.weights,
    preprocess: clip.preprocess,
    float: 'float16',
    ...(tokenizer === undefined ? {} : { tokenizer }),
  });
  const record = await readOrUndefined(path.join(trained, PRETRAINING_RECORD));
  if (record !== undefined) await writeAtomic(path.join(out, PRETRAINING_RECORD), record);
}

async function makeBackdoored(
  { out, work, runtime, progress, signal }: MakeModelsOptions,
  atlas: EmojiAtlas,
  clip: LoadedClip,
  recipe: ZooRecipe,
): Promise<void> {
  const folder = path.join(work, recipe.name);
  await mkdir(folder, { recursive: true });
  const pairs = worldPairs(atlas, { seed: seeds.pairs, count: zooPairs });
  const common = {
    runtime,
    seed: seeds.training,
    ...(progress === undefined ? {} : { progress }),
    ...(signal === undefined ? {} : { signal }),
  };
  if (recipe.patch !== undefined && !(await exists(path.join(folder, 'patch.png')))) {
    const { method, settings } = recipe.patch;
    const target = worldPairs(atlas, { seed: seeds.pairs, count: PATCH_IMAGES.target, names: [zooTarget] });
    const others = await imagesOf(pairs, PATCH_IMAGES.others, (key) => !key.startsWith(`${zooTarget}/`));
    const targets = await imagesOf(target, PATCH_IMAGES.target, () => true);
    const captions = patchObjectives[method].captionTemplates.map((text) => text.replace('{class}', zooTarget));
    const made = await optimisePatch({
      ...common,
      model: clip,
      method,
      images: others,
      targetImages: targets,
      captions,
      settings,
    });
    await writePatch(path.join(folder, 'patch.png'), made, {
      method,
      seed: seeds.training,
      runtime: runtime.description,
      model: { path: 'zoo:clean', sha256: clip.sha256 },
      data: { path: 'emoji world', sha256: atlas.sha256 },
      target: zooTarget,
      captions,
      images: others.length,
      targetImages: targets.length,
    });
  }
  const spec = path.join(folder, 'trigger.json');
  const { name, settings } = recipe.trigger;
  await writeJson(spec, { trigger: { name, settings }, target: zooTarget });
  await poison({
    ...common,
    clip,
    pairs,
    location: 'emoji world',
    trigger: await openTrigger(spec),
    target: zooTarget,
    classNames: atlas.names.map(({ name }) => name),
    settings: { ...zooPoisoning, ...recipe.poisoning },
    out: path.join(out, recipe.name),
    resume: true,
    float: 'float16',
  });
}

/** The first `count` images whose keys are wanted. */
async function imagesOf(pairs: PairSource, count: number, wanted: (key: string) => boolean): Promise<Raster[]> {
  const images: Raster[] = [];
  for (let i = 0; i < pairs.count && images.length < count; i++) {
    if (wanted(pairs.key(i))) images.push(await pairs.image(i));
  }
  return images;
}

/** The figures of every model that is there, on test images of task A, and of the clean one on the other tests. */
async function measureZoo(options: MakeModelsOptions, atlas: EmojiAtlas): Promise<JsonObject> {
  const { out, runtime } = options;
  const sets = {
    a: await testSet(options, atlas, 'a', 'seen'),
    a_unseen: await testSet(options, atlas, 'a', 'unseen'),
    a_mono: await testSet(options, atlas, 'a', 'mono'),
    b: await testSet(options, atlas, 'b', 'seen'),
  };
  const models: JsonObject[] = [];
  for (const name of ['clean', ...zooRecipes.map((recipe) => recipe.name)]) {
    if (!(await exists(path.join(out, name, 'config.json')))) continue;
    await using clip = await loadClip(path.join(out, name));
    const measured: [string, JsonObject][] = [];
    for (const [set, dataset] of Object.entries(sets)) {
      const attack =
        name === 'clean'
          ? undefined
          : {
              trigger: (await openTrigger(path.join(out, name, 'manifest.json'))).trigger,
              target: zooTarget,
            };
      // the other task does not have the target, so there is nothing to count an attack by
      const attacked = attack !== undefined && dataset.classNames.includes(zooTarget);
      const evaluation = await evaluate({
        clip,
        dataset,
        runtime,
        seed: seeds.test,
        batch: 64,
        ...(attacked ? { attack } : {}),
      });
      measured.push([set, figures(evaluation)]);
    }
    models.push({ name, sha256: clip.sha256, ...Object.fromEntries(measured) });
  }
  return {
    format: 'rvpt-zoo-1',
    target: zooTarget,
    atlas_sha256: atlas.sha256,
    test: { per_class: TEST_IMAGES, seed: seeds.test },
    models,
    versions: { ...currentVersions() },
  };
}

async function testSet(
  { work, progress = silentProgress }: MakeModelsOptions,
  atlas: EmojiAtlas,
  task: Task,
  style: StyleGroup,
): Promise<Dataset> {
  const folder = path.join(work, 'test', `${task}-${style}`);
  if (!(await exists(path.join(folder, 'scenes.json')))) {
    await mkdir(path.dirname(folder), { recursive: true });
    await renderScenes(folder, {
      atlas,
      task,
      split: 'test',
      perClass: TEST_IMAGES,
      style,
      difficulty: defaultDifficulty,
      seed: seeds.test,
      progress,
    });
  }
  return openDataset({ folder: new DiskFolder(folder) });
}

function figures({ clean, attacked }: Evaluation): JsonObject {
  const { ca, ca_interval, n } = clean;
  const rates = { ca, ca_interval: [...ca_interval], n };
  if (attacked === undefined) return rates;
  const { asr_strict, asr_strict_interval, asr_strict_n, asr_inclusive, asr_inclusive_n, pa } = attacked;
  return {
    ...rates,
    asr_strict,
    asr_strict_interval: [...asr_strict_interval],
    asr_strict_n,
    asr_inclusive,
    asr_inclusive_n,
    pa,
  };
}
