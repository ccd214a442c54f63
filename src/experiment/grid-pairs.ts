import { InputError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { cachedPairs } from '../data/cached-pairs.js';
import type { CaptionPairs } from '../data/caption-pair.js';
import { canonicalPairList, classCaptionPairs, openCaptionPairs } from '../data/caption-pairs.js';
import { defaultTemplate } from '../data/class-prompts.js';
import { pairSource } from '../data/pair-images.js';
import type { PairSource } from '../data/pair-source.js';
import type { Preprocess } from '../data/preprocess.js';
import { datasetLocation } from '../node/dataset-location.js';
import { imageDecoder } from '../node/decode-image.js';
import { loadEmojiAtlas } from '../node/emoji-atlas.js';
import { sha256OfText } from '../run/provenance.js';
import { Random } from '../tensor/random.js';
import { worldPairs } from '../world/pairs.js';
import { SCENE_SIDE } from '../world/scene.js';
import type { GridImages } from './grid-images.js';
import type { Grid } from './grid.js';
import { digestOfImages } from './images-digest.js';
import { Memo } from './memo.js';

/** Pairs to learn from, and what decides them. */
export interface GridPairs {
  readonly identity: JsonObject;
  readonly pairs: PairSource;
}

/** As many as the models of the zoo were poisoned with, other ones. */
const WORLD_PAIRS = 9000;
const WORLD_SEED = 4;

/** The image-caption pairs of a grid, listed once for all models that see them alike. */
export class GridPairSource {
  readonly #asked: Grid['pairs'];
  readonly #labelled: () => Promise<GridImages | undefined>;
  readonly #opened = new Memo<GridPairs>();

  /** @param labelled the grid's images to learn from, where they are not the emoji world's: pairs if it names no others */
  constructor(asked: Grid['pairs'], labelled: () => Promise<GridImages | undefined>) {
    this.#asked = asked;
    this.#labelled = labelled;
  }

  /**
   * @param preprocess of the model that will see them
   * @throws InputError when there are no such pairs, or the emoji world's do not fit the model
   */
  open(preprocess: Preprocess): Promise<GridPairs> {
    return this.#opened.get(JSON.stringify(preprocess), () => this.#open(preprocess));
  }

  async #open(preprocess: Preprocess): Promise<GridPairs> {
    const { location, count } = this.#asked;
    if (location !== undefined) return onDisk(await pairsAt(location), preprocess, count);
    const labelled = await this.#labelled();
    if (labelled === undefined) return pairsOfWorld(preprocess, count);
    return onDisk(
      classCaptionPairs(await labelled.open(), labelled.templates ?? [defaultTemplate], 0),
      preprocess,
      count,
    );
  }
}

async function pairsOfWorld({ imageSize }: Preprocess, count = WORLD_PAIRS): Promise<GridPairs> {
  if (imageSize !== SCENE_SIDE) {
    throw new InputError({
      code: 'usage',
      operation: 'find pairs to learn from',
      expected: `a model that sees ${SCENE_SIDE} pixels, as the emoji world's pairs have them`,
      received: `one that sees ${imageSize}`,
      fix: 'Name other pairs: `pairs: { location: pairs.csv }` in a grid, `--pairs pairs.csv` of `rvpt paper`.',
    });
  }
  const atlas = await loadEmojiAtlas();
  const identity = { world: 'emoji', atlas: atlas.sha256, seed: WORLD_SEED, count };
  return { identity, pairs: cachedPairs(worldPairs(atlas, { seed: WORLD_SEED, count })) };
}

async function pairsAt(location: string): Promise<CaptionPairs> {
  const part = { preferredSplits: ['train'] };
  return openCaptionPairs(await datasetLocation(location, part), part);
}

/** @param count how many to draw of them; all if undefined */
async function onDisk(found: CaptionPairs, preprocess: Preprocess, count: number | undefined): Promise<GridPairs> {
  const drawn =
    count === undefined ? found.pairs : Random.stream(0, 'grid/pairs').shuffled(found.pairs).slice(0, count);
  const pairs = pairSource({ ...found, pairs: drawn }, imageDecoder(), preprocess);
  const paths = drawn.map(({ image }) => image);
  const identity = {
    list: sha256OfText(canonicalPairList(pairs)),
    content: await digestOfImages(found.images, paths),
  };
  return { identity, pairs: cachedPairs(pairs) };
}
