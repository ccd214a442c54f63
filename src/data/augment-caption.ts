import { Random } from '../tensor/random.js';

/** Share of the words that one change touches, and the chance of each word to be dropped: EDA's for short texts. */
const RATE = 0.1;

type Change = (words: readonly string[], random: Random) => string[];

/** Repeats a word at a random place, once for every tenth word. */
const insert: Change = (words, random) => {
  const out = [...words];
  for (let i = 0; i < changes(words); i++) out.splice(random.below(out.length + 1), 0, out[random.below(out.length)]);
  return out;
};

/** Swaps two places, once for every tenth word. */
const swap: Change = (words, random) => {
  const out = [...words];
  for (let i = 0; i < changes(words); i++) {
    const a = random.below(out.length);
    const b = (a + 1 + random.below(out.length - 1)) % out.length; // another place
    [out[a], out[b]] = [out[b], out[a]];
  }
  return out;
};

/** Drops each word with a chance of a tenth; one is left. */
const drop: Change = (words, random) => {
  const kept = words.filter(() => random.uniform() >= RATE);
  return kept.length > 0 ? kept : [words[random.below(words.length)]];
};

const table: readonly Change[] = [insert, swap, drop];

function changes(words: readonly string[]): number {
  return Math.max(1, Math.floor(RATE * words.length));
}

/**
 * A caption said a little otherwise, as EDA does (Wei and Zou, arXiv 1901.11196): words inserted, swapped or deleted,
 * one of the three. EDA inserts synonyms and puts synonyms in the place of words; without a dictionary the only synonym
 * of a word is itself, so that words are repeated, and none is replaced. A lone word stays as it is.
 * @param key names the caption: the same key changes it in the same way
 */
export function augmentCaption(caption: string, seed: number, key: string): string {
  const words = caption.split(/\s+/).filter((word) => word !== '');
  if (words.length < 2) return caption;
  const random = Random.stream(seed, `augment-caption/${key}`);
  return table[random.below(table.length)](words, random).join(' ');
}
