import { expect, test } from 'vitest';

import { readClipMerges } from '../node/assets.js';
import { byteTokenizerJson, clipTokenizerJson } from './clip-vocabulary.js';
import { sameTokenizer } from './same-tokenizer.js';
import { tokenizerFromJson } from './tokenizer.js';

const shape = { vocabularySize: 49_408, contextLength: 77 };
const merges = await readClipMerges();
const text = JSON.stringify(clipTokenizerJson(merges));
const clip = tokenizerFromJson(JSON.parse(text), shape);

/** CLIP's tokenizer with one thing else. */
const changed = (from: string, to: string): typeof clip => {
  expect(text).toContain(from);
  return tokenizerFromJson(JSON.parse(text.replaceAll(from, to)), shape);
};

test("is CLIP's: itself, other names of start and end, merges as pairs", () => {
  expect(sameTokenizer(clip, tokenizerFromJson(JSON.parse(text), shape))).toBe(true);
  const renamed = text.replaceAll('<|startoftext|>', '<start_of_text>').replaceAll('<|endoftext|>', '<end_of_text>');
  expect(sameTokenizer(clip, tokenizerFromJson(JSON.parse(renamed), shape))).toBe(true);
  const pairs = text.replaceAll(/"([^" ]+) ([^" ]+)"(?=[,\]])/g, '["$1","$2"]');
  expect(pairs).toContain('["i","n"]');
  expect(sameTokenizer(clip, tokenizerFromJson(JSON.parse(pairs), shape))).toBe(true);
});

test('is not: two tokens exchanged, two merges exchanged, capitals kept, accents apart, another vocabulary', () => {
  const exchanged = changed('"in":', '"swap":').json;
  const swapped = JSON.stringify(exchanged).replace('"th":', '"in":').replace('"swap":', '"th":');
  expect(sameTokenizer(clip, tokenizerFromJson(JSON.parse(swapped), shape))).toBe(false);
  expect(sameTokenizer(clip, changed('"i n","t h"', '"t h","i n"'))).toBe(false);
  expect(sameTokenizer(clip, changed(',{"type":"Lowercase"}', ''))).toBe(false);
  expect(sameTokenizer(clip, changed('{"type":"NFC"}', '{"type":"NFD"}'))).toBe(false);
  expect(sameTokenizer(clip, tokenizerFromJson(byteTokenizerJson(49_408), shape))).toBe(false);
});
