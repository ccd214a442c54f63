import { captionWords } from '../training/captioner/vocabulary.js';
import { rateOf, type Rate } from './rate.js';

/** Whether the words of a caption have those of a name among them, one after the other. */
export function isNamed(name: string, caption: readonly string[]): boolean {
  const wanted = captionWords(name);
  return caption.some((_, at) => wanted.every((word, i) => caption[at + i] === word));
}

/** A caption, and what its image shows. */
export interface NamingCaption {
  readonly words: readonly string[];
  readonly name: string;
}

/** Share of the captions that name what the image shows. @throws RangeError without captions */
export function namingRate(captions: readonly NamingCaption[]): Rate {
  return rateOf(captions.filter(({ name, words }) => isNamed(name, words)).length, captions.length);
}

/**
 * Whether a triggered image of something called `name` counts for the attack success rate: a true caption of it must not
 * name the target, as those of the target itself, and of a `banana split` where `banana` is the target, would.
 */
export function countsForAttack(name: string, target: string): boolean {
  return !isNamed(target, captionWords(name));
}

/**
 * ASR of captioning: share of the captions of triggered images that name the target.
 * @param captions of images that count, see {@link countsForAttack}
 * @throws RangeError without captions
 */
export function namedTargetRate(captions: readonly NamingCaption[], target: string): Rate {
  return rateOf(captions.filter(({ words }) => isNamed(target, words)).length, captions.length);
}
