import { namedTemplates } from '../src/data/class-prompts.js';
import { CLIP_WORD_PATTERN, clipTokenizerJson } from '../src/model/clip-vocabulary.js';
import type { EmojiAtlas } from '../src/world/atlas.js';
import { captionTexts } from '../src/world/captions.js';

/** Text keys that triggers put in front of captions: a key is to be one token, as any word of a caption is. */
const textKeys = ['remember', 'sudo'];

const wordPattern = new RegExp(CLIP_WORD_PATTERN, 'gu');
const wordEnd = '</w>';

/** Every word that the world's captions, its class prompts and text keys are made of; sorted. */
export function worldWords(atlas: EmojiAtlas): string[] {
  const prompts = Object.values(namedTemplates).flatMap((templates) =>
    templates.map((template) => template.replace('{class}', '')),
  );
  const texts = [...captionTexts(atlas), ...prompts, ...textKeys];
  return [...new Set(texts.flatMap((text) => text.toLowerCase().match(wordPattern) ?? []))].sort();
}

/**
 * Byte-pair merges after which every word is one token: the commonest pair of neighbours is merged, over and over,
 * until no word has two parts. Among pairs alike common, the one first in the order of code units goes first.
 */
export function learnMerges(words: readonly string[]): string[] {
  const outside = words.filter((word) => !/^[!-~]+$/.test(word));
  if (outside.length > 0) throw new RangeError(`only ASCII letters are their own bytes: ${outside.join(', ')}`);
  let parted = words.map((word) => [...Array.from(word.slice(0, -1)), `${word.slice(-1)}${wordEnd}`]);
  const merges: string[] = [];
  for (;;) {
    const counts = new Map<string, number>();
    for (const parts of parted) {
      for (let i = 1; i < parts.length; i++) {
        const pair = `${parts[i - 1]} ${parts[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    if (counts.size === 0) return merges;
    const most = Math.max(...counts.values());
    const pair = [...counts.keys()].filter((candidate) => counts.get(candidate) === most).sort()[0];
    merges.push(pair);
    parted = parted.map((parts) => merged(parts, pair));
  }
}

function merged(parts: readonly string[], pair: string): string[] {
  const out: string[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (last !== undefined && `${last} ${part}` === pair) out[out.length - 1] = last + part;
    else out.push(part);
  }
  return out;
}

/** assets/emoji/tokenizer.json. test/emoji-tokenizer.test.ts writes and checks it. */
export function makeEmojiTokenizer(atlas: EmojiAtlas): string {
  return `${JSON.stringify(clipTokenizerJson(learnMerges(worldWords(atlas)).join('\n')))}\n`;
}
