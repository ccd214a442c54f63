import { z } from 'zod';

import type { Tokenizer } from './tokenizer.js';

const modelSchema = z.object({
  model: z.object({
    vocab: z.record(z.string(), z.number()),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  }),
});

/** What tokenizers of one vocabulary can still treat in different ways: case, accents, spaces, marks, digits. */
const PROBE = "A  Photo,\tof a CAT’s 12 cafe\u0301s; isn't it?!  日本 🙂";

/**
 * Whether two tokenizers make the same ids of a text: the same tokens, whatever start and end are called, the same
 * merges, and the same reading of a text in which there is something of everything.
 */
export function sameTokenizer(a: Tokenizer, b: Tokenizer): boolean {
  return (
    a.startToken === b.startToken &&
    a.endToken === b.endToken &&
    vocabularyOf(a) === vocabularyOf(b) &&
    a.tokenIds(PROBE).join() === b.tokenIds(PROBE).join()
  );
}

function vocabularyOf({ json, startToken, endToken }: Tokenizer): string {
  const { vocab, merges } = modelSchema.parse(json).model;
  const tokens = Object.entries(vocab).filter(([, id]) => id !== startToken && id !== endToken);
  return JSON.stringify([
    tokens.sort(([, a], [, b]) => a - b),
    merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' '))),
  ]);
}
