import path from 'node:path';

import { silentProgress } from '../../src/core/progress.js';
import { openDataset } from '../../src/data/dataset.js';
import type { Dataset } from '../../src/data/sample.js';
import type { MeasureInput } from '../../src/experiment/measurement.js';
import { datasetLocation } from '../../src/node/dataset-location.js';
import { loadEmojiAtlas } from '../../src/node/emoji-atlas.js';
import { loadClip, type LoadedClip } from '../../src/node/load-clip.js';
import { OnnxRuntime } from '../../src/node/onnx-runtime.js';
import { openTrigger } from '../../src/node/open-trigger.js';
import { renderScenes } from '../../src/run/render-scenes.js';
import { zooTarget } from '../../src/run/zoo-recipes.js';
import { temporaryFolder } from './temporary-folder.js';

/** A backdoored model of the zoo and a few scenes to measure it on. */
export class MeasuredWorld implements AsyncDisposable {
  readonly folder: string;
  readonly scenes: Dataset;
  readonly clip: LoadedClip;
  readonly attack: NonNullable<MeasureInput['attack']>;
  readonly runtime = new OnnxRuntime();
  readonly #temporary: Awaited<ReturnType<typeof temporaryFolder>>;

  private constructor(
    temporary: Awaited<ReturnType<typeof temporaryFolder>>,
    parts: Pick<MeasuredWorld, 'scenes' | 'clip' | 'attack'>,
  ) {
    this.folder = temporary.path;
    this.#temporary = temporary;
    this.scenes = parts.scenes;
    this.clip = parts.clip;
    this.attack = parts.attack;
  }

  /** @param model of the zoo; @param perClass scenes of each class of task a */
  static async open(model: string, perClass: number): Promise<MeasuredWorld> {
    const temporary = await temporaryFolder();
    const out = path.join(temporary.path, 'scenes');
    const scene = { task: 'a', split: 'test', style: 'seen', difficulty: 'mild', seed: 78 } as const;
    await renderScenes(out, { atlas: await loadEmojiAtlas(), perClass, ...scene });
    const { trigger } = await openTrigger(`zoo:${model}`);
    return new MeasuredWorld(temporary, {
      scenes: await openDataset(await datasetLocation(out)),
      clip: await loadClip(`zoo:${model}`),
      attack: { trigger, target: zooTarget },
    });
  }

  /** What a measurement of the undefended model is given, when nobody asks about attacks. */
  get unattacked(): MeasureInput {
    const { clip, scenes: dataset, runtime } = this;
    return { clip, model: { kind: 'unchanged' }, dataset, runtime, seed: 5, progress: silentProgress };
  }

  /** What it is given otherwise. */
  get input(): MeasureInput & Required<Pick<MeasureInput, 'attack'>> {
    return { ...this.unattacked, attack: this.attack };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clip[Symbol.asyncDispose]();
    await this.#temporary[Symbol.asyncDispose]();
  }
}
