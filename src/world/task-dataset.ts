import { InputError } from '../core/errors.js';
import { Random } from '../tensor/random.js';
import type { EmojiAtlas, Task } from './atlas.js';
import { fileNameOf } from './file-name.js';
import { difficulties, defaultDifficulty, drawScene, type Scene, type SceneSettings } from './scene.js';

export const taskSplits = ['train', 'validation', 'test'] as const;
export type TaskSplit = (typeof taskSplits)[number];

export interface TaskOptions {
  readonly split: TaskSplit;
  /** Scenes of every class; the styles take turns. */
  readonly perClass: number;
  /** Names of styles, held-out ones included: a test may show them. */
  readonly styles: readonly string[];
  readonly seed: number;
  readonly scene?: SceneSettings;
}

export interface TaskScene {
  /** Where its image goes in an image folder: `ice_cream/0003-noto.png`. */
  readonly path: string;
  /** Index into the class names. */
  readonly label: number;
  readonly scene: Scene;
}

/** A labelled data set that is still to be rendered. */
export interface TaskDataset {
  readonly classNames: readonly string[];
  readonly scenes: readonly TaskScene[];
}

/** Class names of a task, in the order of their folders. @throws InputError (`data`) when the atlas has none */
export function taskClasses(atlas: EmojiAtlas, task: Task): string[] {
  const names = atlas.names.filter((entry) => entry.task === task).map(({ name }) => name);
  if (names.length === 0) {
    throw new InputError({
      code: 'data',
      operation: `list the classes of task ${task}`,
      expected: 'an emoji atlas with names of that task',
      received: `one of ${atlas.names.length} names, none of them of it`,
    });
  }
  // as a folder of them is listed
  return names.sort((a, b) => (fileNameOf(a) < fileNameOf(b) ? -1 : 1));
}

/**
 * The stream that a scene of a task is drawn from. It names the split, so no two splits share a scene whatever their
 * seeds, and pre-training, which draws from `world/pretraining/…`, shares none with either.
 */
export function taskStream(task: Task, split: TaskSplit, file: string): string {
  return `world/task/${task}/${split}/${file}`;
}

/**
 * Scenes of every class of a task. With more scenes a class, the first ones stay what they were.
 * @throws InputError (`usage`) for a style that the atlas lacks; (`data`) for a task that it has no names of
 */
export function taskDataset(atlas: EmojiAtlas, task: Task, options: TaskOptions): TaskDataset {
  const { split, perClass, styles, seed, scene: settings = difficulties[defaultDifficulty] } = options;
  const classNames = taskClasses(atlas, task);
  const scenes = classNames.flatMap((name, label) =>
    Array.from({ length: perClass }, (_, i): TaskScene => {
      // classes begin with different styles, so that few scenes a class still show all styles
      const style = styles[(i + label) % styles.length];
      const path = `${fileNameOf(name)}/${String(i).padStart(4, '0')}-${style}.png`;
      const random = Random.stream(seed, taskStream(task, split, path));
      return { path, label, scene: drawScene(atlas, { name, style }, settings, random) };
    }),
  );
  return { classNames, scenes };
}
