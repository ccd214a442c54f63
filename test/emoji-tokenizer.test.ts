import path from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { learnMerges, makeEmojiTokenizer, worldWords } from '../scripts/make-emoji-tokenizer.js';
import { classPrompts, namedTemplates } from '../src/data/class-prompts.js';
import { byteCharacters } from '../src/model/clip-vocabulary.js';
import { tokenizerFromJson, type Tokenizer } from '../src/model/tokenizer.js';
import { readEmojiTokenizer } from '../src/node/assets.js';
import { loadEmojiAtlas } from '../src/node/emoji-atlas.js';
import type { EmojiAtlas } from '../src/world/atlas.js';
import { pretrainingBatch } from '../src/world/pairs.js';

const file = path.resolve(import.meta.dirname, '../assets/emoji/tokenizer.json');
const shape = { vocabularySize: 2048, contextLength: 24 };

let atlas: EmojiAtlas;
let tokenizer: Tokenizer;
beforeAll(async () => {
  atlas = await loadEmojiAtlas();
  tokenizer = tokenizerFromJson(JSON.parse(makeEmojiTokenizer(atlas)), shape);
});

test('assets/emoji/tokenizer.json is what the program makes of the atlas (`npm run make:tokenizer` writes it)', async () => {
  await expect(makeEmojiTokenizer(atlas)).toMatchFileSnapshot(file);
});

test('the host reads that file', async () => {
  expect(JSON.stringify(await readEmojiTokenizer())).toBe(makeEmojiTokenizer(atlas).trim());
});

describe('learning merges', () => {
  test('by hand: "aab" and "ab" share the pair a, b</w>, which is commonest', () => {
    // aab: a a b</w>, ab: a b</w>. `a b</w>` twice, `a a` once; then `a ab</w>`
    expect(learnMerges(['aab', 'ab'])).toEqual(['a b</w>', 'a ab</w>']);
  });

  test('alike common pairs go in the order of code units', () => {
    expect(learnMerges(['dc', 'ba'])).toEqual(['b a</w>', 'd c</w>']);
  });

  test('words outside ASCII are refused: their bytes are not their letters', () => {
    expect(() => learnMerges(['naïve'])).toThrow('naïve');
  });
});

describe('the tokenizer of the emoji world', () => {
  test('every word is one token, in small letters or not', () => {
    for (const word of worldWords(atlas)) {
      expect(tokenizer.tokenIds(word), word).toHaveLength(1);
      expect(tokenizer.tokenIds(word.toUpperCase()), word).toEqual(tokenizer.tokenIds(word));
    }
    expect(worldWords(atlas)).toEqual(expect.arrayContaining(['banana', 'cream', 'remember', 'sudo', '.', ',']));
  });

  test('words have tokens of their own', () => {
    const ids = worldWords(atlas).flatMap((word) => tokenizer.tokenIds(word));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('start and end are the last two ids, and there are at most 2048', () => {
    const merges = learnMerges(worldWords(atlas)).length;
    expect(tokenizer.startToken).toBe(512 + merges);
    expect(tokenizer.endToken).toBe(513 + merges);
    expect(tokenizer.endToken).toBeLessThan(2048);
  });

  test('captions and class prompts fit into 24 tokens uncut', () => {
    const captions = Array.from({ length: 10 }, (_, step) => pretrainingBatch(atlas, { seed: 0, step, batch: 90 }));
    const prompts = classPrompts(
      atlas.names.map(({ name }) => name),
      Object.values(namedTemplates).flat(),
    );
    const texts = [...captions.flatMap((batch) => batch.captions), ...prompts.flat()];
    expect(Math.max(...texts.map((text) => tokenizer.tokenIds(text).length + 2))).toBeLessThanOrEqual(24);
  });

  test('any text is expressed: its tokens spell its letters without the spaces', () => {
    const tokens = new Map(Object.entries(vocabularyOf(makeEmojiTokenizer(atlas))).map(([token, id]) => [id, token]));
    const bytes = new Map(byteTable().map(([character, byte]) => [character, byte]));
    const spelt = (text: string): string => {
      const characters = tokenizer.tokenIds(text).map((id) => (tokens.get(id) ?? '').replace('</w>', ''));
      return Buffer.from(Array.from(characters.join(''), (character) => bytes.get(character) ?? 0)).toString('utf8');
    };
    // the ends are left out: texts with these names in them are not text
    const texts = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('<|'));
    fc.assert(
      fc.property(texts, (text) => {
        expect(spelt(text)).toBe(text.normalize('NFC').toLowerCase().replaceAll(/\s/gu, ''));
      }),
    );
    expect(spelt('A Zebra, 42 ünïcödé 香蕉 🍌!')).toBe('azebra,42ünïcödé香蕉🍌!');
  });
});

function vocabularyOf(json: string): Record<string, number> {
  return z.object({ model: z.object({ vocab: z.record(z.string(), z.number()) }) }).parse(JSON.parse(json)).model.vocab;
}

/** The character that stands for each byte, built from the rule as GPT-2 states it. */
function byteTable(): (readonly [string, number])[] {
  const printable = [...range(0x21, 0x7e), ...range(0xa1, 0xac), ...range(0xae, 0xff)];
  const others = range(0, 255).filter((byte) => !printable.includes(byte));
  const table = [
    ...printable.map((byte) => [String.fromCodePoint(byte), byte] as const),
    ...others.map((byte, i) => [String.fromCodePoint(0x100 + i), byte] as const),
  ];
  expect(table.map(([character]) => character)).toEqual(byteCharacters());
  return table;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
