import type { CaptionPairs } from './caption-pair.js';
import type { DecodeImage } from './image-decoder.js';
import type { PairSource } from './pair-source.js';
import { cropImage, type Preprocess } from './preprocess.js';
import { withFile } from './text-file.js';

/**
 * Pairs whose images are decoded, resized and cropped each time that they are asked for; see `cachedPairs`.
 * `image` throws an InputError naming the file that cannot be decoded.
 */
export function pairSource({ pairs, images }: CaptionPairs, decode: DecodeImage, preprocess: Preprocess): PairSource {
  const keys = uniqueKeys(pairs.map(({ image }) => image));
  return {
    count: pairs.length,
    key: (index) => keys[index],
    caption: (index) => pairs[index].caption,
    image: async (index) => cropImage(await withFile(images, pairs[index].image, decode), preprocess),
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
