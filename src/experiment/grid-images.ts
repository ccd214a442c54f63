import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { InputError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import type { Progress } from '../core/progress.js';
import { canonicalDataList } from '../data/dataset.js';
import { chooseFewShot } from '../data/few-shot.js';
import type { Dataset } from '../data/sample.js';
import { loadEmojiAtlas } from '../node/emoji-atlas.js';
import { DiskFolder } from '../node/files.js';
import { openDataset } from '../node/open-dataset.js';
import { sha256OfJson, sha256OfText } from '../run/provenance.js';
import { renderScenes, scenesManifest } from '../run/render-scenes.js';
import type { EmojiAtlas, Task } from '../world/atlas.js';
import { defaultDifficulty } from '../world/scene.js';
import { stylesIn, type StyleGroup } from '../world/styles.js';
import { taskDataset, type TaskSplit } from '../world/task-dataset.js';
import type { Grid } from './grid.js';
import { digestOfImages } from './images-digest.js';
import { Memo } from './memo.js';

/** Labelled images of a grid, listed. */
export interface GridImages extends Pick<Dataset, 'classNames' | 'samples' | 'templates'> {
  /** What decides them, wherever they lie. */
  readonly identity: JsonObject;
  /** Makes sure that they can be read: renders them where they are not there yet. */
  open(): Promise<Dataset>;
}

export interface GridImagesOptions {
  /** Folder that images are rendered into. */
  readonly folder: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** Seed of all scenes: data do not change with the seed of a defense. It is the demo's. */
const SCENES_SEED = 3;

/** Rendered images a class: the pool that few-shot images are drawn from, and what is measured on by default. */
const POOL_IMAGES = 32;
const MEASURED_IMAGES = 12;

const world = /^emoji:([ab])(?:\/(seen|unseen|mono))?$/;

/** Whether images are rendered and not read. */
export function isOfWorld(location: string): boolean {
  return location.startsWith('emoji:');
}

/** The images that a grid names, listed once and rendered once. */
export class GridImageSource {
  readonly #options: GridImagesOptions;
  readonly #listed = new Memo<GridImages>();
  readonly #atlas = new Memo<EmojiAtlas>();
  /** By folder: two names for the same images are rendered once. */
  readonly #rendered = new Memo<Dataset>();

  constructor(options: GridImagesOptions) {
    this.#options = options;
  }

  /**
   * The images to learn from: the part `train`.
   * @param shots images a class that will be drawn of them
   * @throws InputError when there are no such data, or they have no such part
   */
  training(location: string, shots: number): Promise<GridImages> {
    const perClass = Math.max(POOL_IMAGES, shots);
    return this.#listed.get(JSON.stringify(['train', location, perClass]), () =>
      isOfWorld(location) ? this.#scenes(location, 'train', perClass) : this.#onDisk(location, { split: 'train' }),
    );
  }

  /**
   * The images to measure on.
   * @param own whether the location is named for measuring alone: it need not come in parts then
   * @throws InputError when there are no such data, or they have no such part
   */
  measured(location: string, split: Grid['split'], perClass: number | undefined, own: boolean): Promise<GridImages> {
    return this.#listed.get(JSON.stringify([split, location, perClass ?? null, own]), () => {
      if (isOfWorld(location)) return this.#scenes(location, split, perClass ?? MEASURED_IMAGES);
      const part = split === 'validation' ? 'val' : split;
      // figures may come of validation images where there are no others, as ImageNet's do; choices never of test images
      const preferredSplits = part === 'val' ? [part] : [part, 'val'];
      return this.#onDisk(location, own ? { preferredSplits } : { split: part }, perClass);
    });
  }

  async #onDisk(
    location: string,
    part: { readonly split?: string; readonly preferredSplits?: readonly string[] },
    perClass?: number,
  ): Promise<GridImages> {
    const { progress, signal } = this.#options;
    const found = await openDataset(location, {
      ...part,
      emptyClasses: part.split === 'train' ? 'refuse' : 'allow',
      progress,
      ...(signal === undefined ? {} : { signal }),
    });
    const dataset =
      perClass === undefined
        ? found
        : { ...found, samples: chooseFewShot(found, { shots: perClass, seed: 0, scarce: 'take-all' }).train };
    const paths = dataset.samples.map(({ path: file }) => file);
    const identity = {
      list: sha256OfText(canonicalDataList(dataset)),
      content: await digestOfImages(dataset.images, paths),
    };
    return { ...dataset, identity, open: () => Promise.resolve(dataset) };
  }

  async #scenes(location: string, split: TaskSplit, perClass: number): Promise<GridImages> {
    const { task, style } = parseWorld(location);
    const atlas = await this.#atlas.get('emoji', () => loadEmojiAtlas());
    const styles = stylesIn(atlas, style);
    const decided = { task, split, perClass, seed: SCENES_SEED };
    const { classNames, scenes } = taskDataset(atlas, task, { ...decided, styles });
    const samples = scenes.map(({ path: file, label }) => ({ path: file, label }));
    const identity = {
      ...{ world: 'emoji', atlas: atlas.sha256, task, split, styles, seed: SCENES_SEED },
      per_class: perClass,
      difficulty: defaultDifficulty,
      list: sha256OfText(canonicalDataList({ classNames, samples })),
    };
    // another version of rvpt may have rendered others into the same place
    const hash = sha256OfJson(identity).slice(0, 8);
    const folder = path.join(this.#options.folder, `emoji-${task}-${style}-${split}-${perClass}-${hash}`);
    const render = async (): Promise<Dataset> => {
      const { progress, signal } = this.#options;
      const files = new DiskFolder(folder);
      if (!(await files.has(scenesManifest))) {
        await mkdir(path.dirname(folder), { recursive: true });
        const common = { atlas, style, difficulty: defaultDifficulty, progress };
        await renderScenes(folder, { ...decided, ...common, ...(signal === undefined ? {} : { signal }) });
      }
      return openDataset({ folder: files });
    };
    return { classNames, samples, identity, open: () => this.#rendered.get(folder, render) };
  }
}

function parseWorld(location: string): { task: Task; style: StyleGroup } {
  const found = world.exec(location);
  if (found === null) {
    throw new InputError({
      code: 'usage',
      operation: `find the data ${location}`,
      expected: 'emoji:a or emoji:b, perhaps with /unseen or /mono behind it',
      received: JSON.stringify(location),
    });
  }
  const [, task, style = 'seen'] = found;
  return { task: task === 'a' ? 'a' : 'b', style: style === 'unseen' || style === 'mono' ? style : 'seen' };
}

/**
 * The same without a class: what a defense learns from that never sees the target (the paper's "woTC").
 * @param target index of the class
 */
export function withoutClass<Images extends Pick<Dataset, 'classNames' | 'samples'>>(
  images: Images,
  target: number,
): Images {
  return {
    ...images,
    classNames: images.classNames.filter((_, index) => index !== target),
    samples: images.samples.flatMap(({ path: file, label }) =>
      label === target ? [] : [{ path: file, label: label > target ? label - 1 : label }],
    ),
  };
}
