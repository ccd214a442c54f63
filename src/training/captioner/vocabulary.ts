import { InputError } from '../../core/errors.js';

/** The words of a caption: small letters, a punctuation mark being a word of its own. */
export function captionWords(caption: string): string[] {
  return caption.toLowerCase().match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [];
}

/** Ends every caption. */
export const END_OF_CAPTION = 0;

/** Words by number, from 1; 0 is the end of a caption. */
export class CaptionVocabulary {
  /** In the order of their numbers, sorted by code units. */
  readonly words: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;

  /** @param texts every word that captions may use */
  constructor(texts: readonly string[]) {
    this.words = [...new Set(texts.flatMap(captionWords))].sort();
    this.#numbers = new Map(this.words.map((word, i) => [word, i + 1]));
  }

  /** Numbers in use: words, and the end. */
  get size(): number {
    return this.words.length + 1;
  }

  /** Numbers of a caption's words, without the end. @throws InputError (`data`) that lists the words it lacks */
  encode(caption: string): number[] {
    const words = captionWords(caption);
    const unknown = words.filter((word) => !this.#numbers.has(word));
    if (unknown.length > 0) {
      throw new InputError({
        code: 'data',
        operation: `read the caption ${JSON.stringify(caption)}`,
        expected: 'words of the vocabulary',
        received: [...new Set(unknown)].join(', '),
      });
    }
    return words.map((word) => this.#numbers.get(word) ?? END_OF_CAPTION);
  }

  /** The words up to the end. */
  decode(numbers: readonly number[]): string[] {
    const end = numbers.indexOf(END_OF_CAPTION);
    return numbers.slice(0, end < 0 ? numbers.length : end).map((number) => this.words[number - 1]);
  }
}
