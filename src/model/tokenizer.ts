import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';

import type { ByteSource } from '../core/bytes.js';
import { InputError, messageOf } from '../core/errors.js';
import type { IntTensor } from '../tensor/tensor.js';
import {
  CLIP_END,
  CLIP_START,
  CLIP_VOCABULARY_SIZE,
  CLIP_WORD_PATTERN,
  byteTokenizerJson,
  clipTokenizerJson,
} from './clip-vocabulary.js';

/** Turns texts into what CLIP's text tower reads. */
export interface Tokenizer {
  /** Rows of the model's token embedding: every id is below it. */
  readonly vocabularySize: number;
  /** Tokens in a row, start and end included. */
  readonly contextLength: number;
  readonly startToken: number;
  /** The token at whose place the text embedding is read. */
  readonly endToken: number;
  /** What start and end token are called. */
  readonly names: { readonly start: string; readonly end: string };
  /** The contents of the tokenizer.json that gives these ids. */
  readonly json: object;
  /** Ids of a text, without start and end token, as many as there are. */
  tokenIds(text: string): number[];
  /**
   * Rows of start token, text, end token, zeros. A text too long is cut so that the end token keeps the last place;
   * without it the embedding would be read at some other token. What stands behind the end token never matters, as
   * the text tower looks only back; zero is what OpenAI's code writes there, Hugging Face's repeats the end token.
   * @returns [texts, contextLength]
   */
  encode(texts: readonly string[]): IntTensor;
}

/** The text side of a model, as far as tokens are concerned. */
export interface TextShape {
  readonly vocabularySize: number;
  readonly contextLength: number;
}

/** No honest tokenizer.json comes near this; CLIP's has 2 MB. */
const MAX_TOKENIZER_BYTES = 64 * 2 ** 20;

/** Ids are indices of an embedding; a table with this many rows would not fit in memory. */
const MAX_TOKEN_ID = 2 ** 24;

const START_NAMES = [CLIP_START, '<start_of_text>'];
const END_NAMES = [CLIP_END, '<end_of_text>'];

/**
 * The regular expressions that a tokenizer.json may bring. It comes from strangers, and a pattern can be written so
 * that matching never ends; CLIP's tokenizers all use these.
 */
const KNOWN_PATTERNS: ReadonlySet<string> = new Set([
  String.raw`\s+`,
  CLIP_WORD_PATTERN,
  String.raw`<\|startoftext\|>|<\|endoftext\|>|${CLIP_WORD_PATTERN}`,
]);

const tokenId = z.int().min(0).max(MAX_TOKEN_ID);

const pattern = z
  .object({
    Regex: z
      .string()
      .refine((value) => KNOWN_PATTERNS.has(value), 'not one of the patterns that CLIP tokenizers use')
      .optional(),
    String: z.string().min(1).optional(),
  })
  .refine(({ Regex, String }) => (Regex === undefined) !== (String === undefined), 'needs one of Regex and String');

const normalizer = z.discriminatedUnion('type', [
  z.looseObject({ type: z.enum(['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'Strip', 'StripAccents']) }),
  z.looseObject({ type: z.literal('Replace'), pattern, content: z.string() }),
]);

const preTokenizer = z.discriminatedUnion('type', [
  z.looseObject({ type: z.enum(['ByteLevel', 'Whitespace', 'WhitespaceSplit', 'Digits']) }),
  z.looseObject({
    type: z.literal('Split'),
    pattern,
    behavior: z.enum(['Removed', 'Isolated']),
    invert: z.boolean().optional(),
  }),
]);

/** One stage, a `Sequence` that lists stages under `key`, or none at all; always read as a list. */
function stages<Stage extends z.ZodType>(key: string, stage: Stage) {
  const sequence = z.object({ type: z.literal('Sequence'), [key]: z.array(z.unknown()) });
  return z.preprocess((value) => {
    if (value === null || value === undefined) return [];
    const parsed = sequence.safeParse(value);
    return parsed.success ? parsed.data[key] : [value];
  }, z.array(stage));
}

/** What is read of a tokenizer.json; start and end token are added by {@link Tokenizer.encode}, not by its template. */
const tokenizerJson = z.object({
  added_tokens: z.array(z.looseObject({ id: tokenId, content: z.string().min(1) })).default([]),
  normalizer: stages('normalizers', normalizer),
  pre_tokenizer: stages('pretokenizers', preTokenizer),
  model: z.object({
    // files of the first years name no type
    type: z.literal('BPE').default('BPE'),
    unk_token: z.string().nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
    byte_fallback: z.boolean().optional(),
    ignore_merges: z.boolean().optional(),
    vocab: z.record(z.string(), tokenId),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  }),
});

/**
 * A tokenizer from the contents of a Hugging Face tokenizer.json of the CLIP family (byte-pair encoding).
 * @param name what to call the file in messages.
 * @throws InputError (`malformed`, `unsupported`) when it is none, (`mismatch`) when it has ids that the model lacks.
 */
export function tokenizerFromJson(json: unknown, shape: TextShape, name = 'tokenizer.json'): Tokenizer {
  const operation = `read ${name}`;
  const parsed = tokenizerJson.safeParse(json);
  if (!parsed.success) {
    throw new InputError({
      code: 'unsupported',
      operation,
      expected: 'a byte-pair tokenizer as CLIP models have it',
      // a broken vocabulary would give one issue a token
      received: parsed.error.issues
        .slice(0, 5)
        .map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`)
        .join('; '),
    });
  }
  const { model, added_tokens: addedTokens } = parsed.data;
  const ids = new Map([
    ...Object.entries(model.vocab),
    ...addedTokens.map(({ content, id }): [string, number] => [content, id]),
  ]);
  let largest = -1;
  for (const id of ids.values()) largest = Math.max(largest, id);
  if (largest >= shape.vocabularySize) throw tooManyTokens(operation, largest + 1, shape.vocabularySize);

  const find = (what: string, names: readonly string[]): readonly [name: string, id: number] => {
    for (const name of names) {
      const id = ids.get(name);
      if (id !== undefined) return [name, id];
    }
    throw new InputError({
      code: 'unsupported',
      operation,
      expected: `${what} (${names.join(' or ')})`,
      received: 'none',
    });
  };
  const [start, startToken] = find('a start token', START_NAMES);
  const [end, endToken] = find('an end token', END_NAMES);

  const library = construct(operation, {
    added_tokens: addedTokens,
    normalizer: { type: 'Sequence', normalizers: parsed.data.normalizer },
    pre_tokenizer: { type: 'Sequence', pretokenizers: parsed.data.pre_tokenizer },
    post_processor: null,
    decoder: null,
    model,
  });
  return framed({
    ...shape,
    startToken,
    endToken,
    names: { start, end },
    json: typeof json === 'object' && json !== null ? json : {},
    tokenIds: (text) => {
      const { ids: found } = library.encode(text, { add_special_tokens: false });
      return found.map((id) => {
        if (id !== undefined) return id;
        throw new InputError({
          code: 'unsupported',
          operation: `tokenize ${JSON.stringify(text)}`,
          expected: `only what ${name} has tokens for`,
          received: 'something else, and no token for the unknown',
        });
      });
    },
  });
}

function construct(operation: string, json: object): HuggingFaceTokenizer {
  try {
    return new HuggingFaceTokenizer(json, {});
  } catch (cause) {
    throw new InputError({ code: 'malformed', operation, expected: 'a tokenizer', received: messageOf(cause), cause });
  }
}

/** CLIP's own tokenizer. @param merges as in {@link clipTokenizerJson}. @throws InputError (`mismatch`). */
export function clipTokenizer(merges: string, shape: TextShape): Tokenizer {
  return tokenizerFromJson(clipTokenizerJson(merges), shape, "CLIP's own vocabulary");
}

/**
 * A stand-in for models that have no tokenizer of their own, such as random weights made for tests: the ids are the
 * UTF-8 bytes of the small-lettered text, the last two rows of the vocabulary are start and end. It suits no trained
 * model.
 * @throws InputError (`mismatch`) when 256 bytes, start and end do not fit into the vocabulary.
 */
export function byteTokenizer(shape: TextShape): Tokenizer {
  const { vocabularySize } = shape;
  if (vocabularySize < 258) throw tooManyTokens('tokenize by bytes', 258, vocabularySize);
  const encoder = new TextEncoder();
  return framed({
    ...shape,
    startToken: vocabularySize - 2,
    endToken: vocabularySize - 1,
    names: { start: CLIP_START, end: CLIP_END },
    json: byteTokenizerJson(vocabularySize),
    tokenIds: (text) => [...encoder.encode(text.toLowerCase())],
  });
}

export interface TokenizerChoice extends TextShape {
  /** Contents of the tokenizer.json beside the checkpoint, where there is one. */
  readonly json?: unknown;
  /** Reads the merges of CLIP's own tokenizer; called only when they are needed. */
  readonly clipMerges: () => Promise<string>;
  /** Told when the tokenizer is a stand-in. */
  readonly warn: (message: string) => void;
}

/** The checkpoint's own tokenizer; else CLIP's, if the vocabulary has CLIP's size; else bytes, with a warning. */
export async function chooseTokenizer(choice: TokenizerChoice): Promise<Tokenizer> {
  if (choice.json !== undefined) return tokenizerFromJson(choice.json, choice);
  if (choice.vocabularySize === CLIP_VOCABULARY_SIZE) return clipTokenizer(await choice.clipMerges(), choice);
  choice.warn(
    `The checkpoint has no tokenizer.json, and its ${choice.vocabularySize} tokens are not CLIP's ` +
      `${CLIP_VOCABULARY_SIZE}: texts go in as bytes, which means nothing to a trained model.`,
  );
  return byteTokenizer(choice);
}

/** Contents of a tokenizer.json. @throws InputError (`hostile`) when it is absurdly large, (`malformed`) when no JSON. */
export async function readTokenizerJson(source: ByteSource): Promise<unknown> {
  const operation = `read ${source.name}`;
  if (source.size > MAX_TOKENIZER_BYTES) {
    throw new InputError({
      code: 'hostile',
      operation,
      expected: `at most ${MAX_TOKENIZER_BYTES} bytes`,
      received: `${source.size}`,
    });
  }
  const bytes = await source.read(0, source.size);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new InputError({
      code: 'malformed',
      operation,
      expected: 'JSON in UTF-8',
      received: messageOf(cause),
      cause,
    });
  }
}

/** Puts start and end token around what `tokenIds` finds. */
function framed(parts: Omit<Tokenizer, 'encode'>): Tokenizer {
  const { contextLength, startToken, endToken, tokenIds } = parts;
  if (contextLength < 2) {
    throw new InputError({
      code: 'unsupported',
      operation: 'tokenize',
      expected: 'a context of at least 2 tokens, start and end',
      received: `a text tower that reads ${contextLength}`,
    });
  }
  return {
    ...parts,
    encode(texts) {
      const data = new BigInt64Array(texts.length * contextLength); // [texts, context]
      texts.forEach((text, row) => {
        const ids = [startToken, ...tokenIds(text).slice(0, contextLength - 2), endToken];
        data.set(ids.map(BigInt), row * contextLength);
      });
      return { shape: [texts.length, contextLength], data };
    },
  };
}

function tooManyTokens(operation: string, needed: number, vocabularySize: number): InputError {
  return new InputError({
    code: 'mismatch',
    operation,
    expected: `token ids below ${vocabularySize}, the model's vocabulary`,
    received: `a tokenizer of ${needed} tokens`,
    fix: 'Use the tokenizer.json that belongs to this checkpoint.',
  });
}
