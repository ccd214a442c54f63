/** Tokens of OpenAI's CLIP: 256 bytes, 256 bytes at a word's end, 48,894 merges, start and end of text. */
export const CLIP_VOCABULARY_SIZE = 49_408;

export const CLIP_START = '<|startoftext|>';
export const CLIP_END = '<|endoftext|>';

/** How CLIP cuts a text into words before merging (`pat` in openai/CLIP, clip/simple_tokenizer.py). */
export const CLIP_WORD_PATTERN = String.raw`'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`;

/**
 * The printable character that stands for each byte in a byte-level vocabulary, in the order in which they get their
 * ids: bytes that print as Latin-1 stand for themselves and come first; the others borrow the characters from U+0100.
 */
export function byteCharacters(): string[] {
  const order = byteOrder();
  const printing = order.filter(prints).length;
  return order.map((byte, i) => String.fromCharCode(prints(byte) ? byte : 0x100 + i - printing));
}

const prints = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);

/** The bytes in the order in which a byte-level vocabulary lists them. */
function byteOrder(): number[] {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  return [...bytes.filter(prints), ...bytes.filter((byte) => !prints(byte))];
}

/**
 * CLIP's own tokenizer in the form of a Hugging Face tokenizer.json.
 *
 * The text is brought to Unicode NFC, runs of white space become one space, letters become small. OpenAI's code also
 * mends broken encodings (ftfy) and decodes HTML entities first; like Hugging Face's tokenizer, this does neither.
 *
 * @param merges one merge a line, its two halves parted by a space, the strongest first.
 */
export function clipTokenizerJson(merges: string): object {
  const pairs = merges.trimEnd().split('\n');
  const bytes = byteCharacters();
  const tokens = [
    ...bytes,
    ...bytes.map((character) => `${character}</w>`),
    ...pairs.map((pair) => pair.replace(' ', '')),
    CLIP_START,
    CLIP_END,
  ];
  const [start, end] = [CLIP_START, CLIP_END].map((content) => ({ content, id: tokens.indexOf(content) }));
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [specialToken(start), specialToken(end)],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: String.raw`\s+` }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: CLIP_WORD_PATTERN }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: startEndProcessor(start, end),
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: CLIP_END,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: pairs,
    },
  };
}

interface NamedToken {
  readonly content: string;
  readonly id: number;
}

function specialToken({ content, id }: NamedToken): object {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** The part of a tokenizer.json that puts start and end token around a text. */
export function startEndProcessor(start: NamedToken, end: NamedToken): object {
  return {
    type: 'RobertaProcessing',
    sep: [end.content, end.id],
    cls: [start.content, start.id],
    trim_offsets: false,
    add_prefix_space: false,
  };
}

/**
 * A tokenizer.json whose ids are the UTF-8 bytes of the small-lettered text; the last two rows of the vocabulary are
 * start and end.
 */
export function byteTokenizerJson(vocabularySize: number): object {
  const start = { content: CLIP_START, id: vocabularySize - 2 };
  const end = { content: CLIP_END, id: vocabularySize - 1 };
  const order = byteOrder();
  const vocabulary = new Map(byteCharacters().map((character, i) => [character, order[i]]));
  vocabulary.set(start.content, start.id).set(end.content, end.id);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [specialToken(start), specialToken(end)],
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    post_processor: startEndProcessor(start, end),
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(vocabulary),
      merges: [],
    },
  };
}
