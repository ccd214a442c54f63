// The package's own types import without file extensions, which Node's module resolution turns into `any`.
declare module '@huggingface/tokenizers' {
  export class Tokenizer {
    constructor(tokenizerJson: object, tokenizerConfig: object);
    /** An id is missing where a token is unknown and the model has no id for unknown tokens. */
    encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | undefined)[] };
  }
}
