import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { JsonObject } from '../core/json.js';
import { silentProgress, type Progress } from '../core/progress.js';
import { encodePng } from '../node/encode-png.js';
import type { EmojiAtlas, Task } from '../world/atlas.js';
import { fileNameOf } from '../world/file-name.js';
import { renderScene } from '../world/render.js';
import { difficulties, SCENE_SIDE, type Difficulty } from '../world/scene.js';
import { stylesIn, type StyleGroup } from '../world/styles.js';
import { taskDataset, type TaskDataset, type TaskSplit } from '../world/task-dataset.js';
import { currentVersions } from './provenance.js';
import { writeJson } from './run-files.js';
import { writeFolder } from './write-folder.js';

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
 * and the SHA-256 of each. The same options give the same pixels. The folder is whole or not there.
 * @throws InputError (`usage`) when the folder holds anything; (`storage`)
 */
export async function renderScenes(folder: string, options: RenderScenesOptions): Promise<RenderedScenes> {
  const { atlas, task, split, perClass, style, difficulty, seed } = options;
  const styles = stylesIn(atlas, style);
  const scene = difficulties[difficulty];
  const dataset = taskDataset(atlas, task, { split, perClass, styles, seed, scene });
  await writeFolder(`render scenes into ${folder}`, folder, async (temporary) => {
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
  });
  return { classNames: dataset.classNames, images: dataset.scenes.length, styles };
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
