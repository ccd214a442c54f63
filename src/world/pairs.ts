import { InputError } from '../core/errors.js';
import type { Raster } from '../core/raster.js';
import type { PairSource } from '../data/pair-source.js';
import { Random } from '../tensor/random.js';
import type { EmojiAtlas } from './atlas.js';
import { captionOf } from './captions.js';
import { fileNameOf } from './file-name.js';
import { renderScene } from './render.js';
import { drawScene, trainingScenes, type Scene, type SceneSettings } from './scene.js';
import { trainingStyles } from './styles.js';

export interface WorldPairsOptions {
  readonly seed: number;
  readonly count: number;
  /** Names to show; all of the atlas where not set. */
  readonly names?: readonly string[];
  /** Styles to show, none of them held out; all that are trained on where not set. */
  readonly styles?: readonly string[];
  readonly scene?: SceneSettings;
}

/**
 * Image-caption pairs for fine-tuning and poisoning: names and styles take turns, so every name is shown as often as
 * any other. Keys read `ice_cream/noto/000123`.
 * @throws InputError (`usage`) for names or styles that the atlas lacks, or styles that are held out
 */
export function worldPairs(atlas: EmojiAtlas, options: WorldPairsOptions): PairSource {
  const { seed, count, scene: settings = trainingScenes } = options;
  const names = (options.names ?? atlas.names.map(({ name }) => name)).map((name) => atlas.entry(name).name);
  if (names.length === 0) {
    throw new InputError({
      code: 'usage',
      operation: 'choose names to show',
      expected: 'one or more',
      received: 'none',
    });
  }
  const styles = trainingStyles(atlas, options.styles);
  const subject = (index: number): { name: string; style: string } => ({
    name: names[index % names.length],
    style: styles[Math.floor(index / names.length) % styles.length],
  });
  const key = (index: number): string => {
    const { name, style } = subject(index);
    return `${fileNameOf(name)}/${style}/${String(index).padStart(6, '0')}`;
  };
  const scene = (index: number): Scene =>
    drawScene(atlas, subject(index), settings, Random.stream(seed, `world/pairs/scene/${key(index)}`));
  return {
    count,
    key,
    caption: (index) => captionOf(atlas, scene(index), Random.stream(seed, `world/pairs/caption/${key(index)}`)),
    image: (index) => Promise.resolve().then(() => renderScene(atlas, scene(index))),
  };
}

export interface PretrainingOptions {
  readonly seed: number;
  /** Counted from 0. */
  readonly step: number;
  /** Pairs. */
  readonly batch: number;
  readonly scene?: SceneSettings;
}

/** Pairs of one training step. */
export interface PretrainingBatch {
  readonly images: readonly Raster[];
  readonly captions: readonly string[];
  readonly names: readonly string[];
  readonly scenes: readonly Scene[];
}

/**
 * The pairs of one step of pre-training. Names are distinct, for two pairs of one name would be told to repel each
 * other; only a batch larger than the atlas repeats some, each as often as any other, give or take one. Hangs on seed
 * and step alone, so a resumed run goes on as if it had never stopped.
 */
export function pretrainingBatch(atlas: EmojiAtlas, options: PretrainingOptions): PretrainingBatch {
  const { seed, step, batch, scene: settings = trainingScenes } = options;
  const styles = trainingStyles(atlas);
  const all = atlas.names.map(({ name }) => name);
  const order = Random.stream(seed, `world/pretraining/${step}/names`);
  const names: string[] = [];
  while (names.length < batch) names.push(...order.shuffled(all).slice(0, batch - names.length));
  const random = Random.stream(seed, `world/pretraining/${step}/scenes`);
  const scenes = names.map((name) =>
    drawScene(atlas, { name, style: styles[random.below(styles.length)] }, settings, random),
  );
  return {
    names,
    scenes,
    captions: scenes.map((scene) => captionOf(atlas, scene, random)),
    images: scenes.map((scene) => renderScene(atlas, scene)),
  };
}
