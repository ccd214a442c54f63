import type { Raster } from '../core/raster.js';
import type { PairSource } from './pair-source.js';

/** About 7,000 images of 224 pixels. */
const defaultBytes = 2 ** 30;

/**
 * The same pairs, their images kept in memory once they were asked for, until it is used up. Every epoch asks for all
 * images, in another order: what was used last is no likelier to come soon, so nothing makes room for it.
 * @param bytes of pixels that may be kept; 1 GiB by default
 */
export function cachedPairs(pairs: PairSource, bytes = defaultBytes): PairSource {
  const kept = new Map<number, Raster>();
  let room = bytes;
  return {
    count: pairs.count,
    key: (index) => pairs.key(index),
    caption: (index) => pairs.caption(index),
    async image(index) {
      const found = kept.get(index);
      if (found !== undefined) return found;
      const image = await pairs.image(index);
      if (!kept.has(index) && image.data.length <= room) {
        kept.set(index, image);
        room -= image.data.length;
      }
      return image;
    },
  };
}
