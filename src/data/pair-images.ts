import type { Folder } from '../core/bytes.js';
import type { Raster } from '../core/raster.js';
import type { CaptionPairs } from './caption-pairs.js';
import type { DecodeImage } from './image-decoder.js';
import type { PairSource } from './pair-source.js';
import { cropImage, type Preprocess } from './preprocess.js';
import { withFile } from './text-file.js';

export interface PairImageOptions {
  readonly decode: DecodeImage;
  readonly preprocess: Preprocess;
  /** Bytes of crops to keep in memory; 1 GiB by default, about 7,000 images of 224 pixels. */
  readonly cacheMemory?: number;
}

/** Pairs whose images are decoded, resized and cropped when they are first asked for. */
export function pairSource({ pairs, images }: CaptionPairs, options: PairImageOptions): PairSource {
  const keys = uniqueKeys(pairs.map(({ image }) => image));
  const crops = new CropCache(images, options);
  return {
    count: pairs.length,
    key: (index) => keys[index],
    caption: (index) => pairs[index].caption,
    image: (index) => crops.crop(pairs[index].image),
  };
}

/** Each path, and `path#2`, `path#3` … where it comes again with another caption. */
function uniqueKeys(paths: readonly string[]): string[] {
  const taken = new Set(paths);
  const times = new Map<string, number>();
  return paths.map((path) => {
    let time = (times.get(path) ?? 0) + 1;
    while (time > 1 && taken.has(`${path}#${time}`)) time += 1;
    times.set(path, time);
    const key = time === 1 ? path : `${path}#${time}`;
    taken.add(key);
    return key;
  });
}

/**
 * Keeps the crops that came first, until memory is used up. Every epoch asks for all images, in another order: what
 * was used last is no likelier to come soon, so nothing is gained by making room for it.
 */
class CropCache {
  readonly #images: Folder;
  readonly #options: PairImageOptions;
  readonly #kept = new Map<string, Raster>();
  #room: number;

  constructor(images: Folder, options: PairImageOptions) {
    this.#images = images;
    this.#options = options;
    this.#room = options.cacheMemory ?? 2 ** 30;
  }

  /** @throws InputError naming the image when it cannot be decoded. */
  async crop(path: string): Promise<Raster> {
    const kept = this.#kept.get(path);
    if (kept !== undefined) return kept;
    const { decode, preprocess } = this.#options;
    const crop = cropImage(await withFile(this.#images, path, decode), preprocess);
    if (!this.#kept.has(path) && crop.data.length <= this.#room) {
      this.#kept.set(path, crop);
      this.#room -= crop.data.length;
    }
    return crop;
  }
}
