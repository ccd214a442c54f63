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
  const prints = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const others = bytes.filter((byte) => !prints(byte)).map((_, i) => String.fromCharCode(0x100 + i));
  return [...bytes.filter(prints).map((byte) => String.fromCharCode(byte)), ...others];
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
  const special = (content: string): object => ({
    id: tokens.indexOf(content),
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [special(CLIP_START), special(CLIP_END)],
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
    post_processor: {
      type: 'RobertaProcessing',
      sep: [CLIP_END, tokens.length - 1],
      cls: [CLIP_START, tokens.length - 2],
      trim_offsets: false,
      add_prefix_space: false,
    },
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
