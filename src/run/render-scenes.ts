import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { InputError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { silentProgress, type Progress } from '../core/progress.js';
import { encodePng } from '../node/encode-png.js';
import { errnoOf } from '../node/errno.js';
import type { EmojiAtlas, Task } from '../world/atlas.js';
import { fileNameOf } from '../world/file-name.js';
import { renderScene } from '../world/render.js';
import { difficulties, SCENE_SIDE, type Difficulty } from '../world/scene.js';
import { stylesIn, type StyleGroup } from '../world/styles.js';
import { taskDataset, type TaskDataset, type TaskSplit } from '../world/task-dataset.js';
import { asStorageError } from './atomic-file.js';
import { currentVersions } from './provenance.js';
import { writeJson } from './run-files.js';

/** The file beside the class folders that says how the images came about. */
export const scenesManifest = 'scenes.json';

export interface RenderScenesOptions {
  readonly atlas: EmojiAtlas;
  readonly task: Task;
  readonly split: TaskSplit;
  /** Images of every class. */
  readonly perClass: number;
  readonly style: StyleGroup;
  readonly difficulty: Difficulty;
  readonly seed: number;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

export interface RenderedScenes {
  readonly classNames: readonly string[];
  readonly images: number;
  /** Names of the styles that take turns. */
  readonly styles: readonly string[];
}

/**
 * Writes the scenes of a task as an image folder: PNGs, one folder a class, and `scenes.json` with what decides them
 * and the SHA-256 of each. The same options give the same pixels. All is written beside `folder` and then moved
 * there, so the folder is whole or not there, whenever the process is killed.
 * @throws InputError (`usage`) when the folder holds anything; (`storage`)
 */
export async function renderScenes(folder: string, options: RenderScenesOptions): Promise<RenderedScenes> {
  const { atlas, task, split, perClass, style, difficulty, seed } = options;
  await refuseFilled(folder);
  const styles = stylesIn(atlas, style);
  const scene = difficulties[difficulty];
  const dataset = taskDataset(atlas, task, { split, perClass, styles, seed, scene });
  const target = path.resolve(folder);
  const id = `${process.pid}-${randomBytes(6).toString('hex')}`;
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.${id}.tmp`);
  try {
    await mkdir(temporary, { recursive: true });
    const digests = await writeImages(temporary, dataset, options);
    await writeJson(path.join(temporary, scenesManifest), {
      format: 'rvpt-scenes-1',
      version: currentVersions().rvpt,
      atlas_sha256: atlas.sha256,
      ...{ task, split, per_class: perClass, styles, difficulty, seed },
      image_size: SCENE_SIDE,
      settings: { ...scene },
      sha256: digests,
    });
    await moveOver(temporary, target);
  } catch (thrown) {
    await rm(temporary, { recursive: true, force: true });
    throw asStorageError(`write ${folder}`, thrown);
  }
  return { classNames: dataset.classNames, images: dataset.scenes.length, styles };
}

async function refuseFilled(folder: string): Promise<void> {
  const found = await readdir(folder).catch((thrown: unknown) => {
    if (errnoOf(thrown) === 'ENOENT') return [];
    throw asStorageError(`read ${folder}`, thrown);
  });
  if (found.length === 0) return;
  throw new InputError({
    code: 'usage',
    operation: `render scenes into ${folder}`,
    expected: 'a new or empty folder',
    received: `one with ${found.length} ${found.length === 1 ? 'file' : 'files'} in it`,
    fix: 'Choose another folder.',
  });
}

/** SHA-256 of each image by its path. */
async function writeImages(
  folder: string,
  { classNames, scenes }: TaskDataset,
  { atlas, signal, progress = silentProgress }: RenderScenesOptions,
): Promise<JsonObject> {
  for (const name of classNames) await mkdir(path.join(folder, fileNameOf(name)));
  const digests: [string, string][] = [];
  const rendering = progress.begin('rendering', scenes.length, 'images');
  try {
    for (const { path: file, scene } of scenes) {
      signal?.throwIfAborted();
      const png = await encodePng(renderScene(atlas, scene));
      await writeFile(path.join(folder, file), png);
      digests.push([file, createHash('sha256').update(png).digest('hex')]);
      rendering.update(digests.length);
    }
  } finally {
    rendering.end();
  }
  return Object.fromEntries(digests);
}

/** Moves a folder to where there is none, or an empty one, which not every system replaces by itself. */
async function moveOver(from: string, to: string): Promise<void> {
  await rmdir(to).catch((thrown: unknown) => {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown;
  });
  await rename(from, to);
}
