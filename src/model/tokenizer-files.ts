import { startEndProcessor } from './clip-vocabulary.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * The files that Hugging Face's libraries read a tokenizer from, by name. They put start and end token around a text
 * whatever the model's own tokenizer.json says of that, as ours does. Texts are filled up with end tokens, which a model
 * never reads.
 */
export function tokenizerFiles(tokenizer: Tokenizer): Readonly<Record<string, object>> {
  const { json, names, startToken, endToken, contextLength } = tokenizer;
  const special = {
    bos_token: names.start,
    eos_token: names.end,
    unk_token: names.end,
    pad_token: names.end,
  };
  return {
    'tokenizer.json': {
      ...json,
      truncation: null,
      padding: null,
      post_processor: startEndProcessor({ content: names.start, id: startToken }, { content: names.end, id: endToken }),
    },
    'tokenizer_config.json': {
      tokenizer_class: 'CLIPTokenizer',
      model_max_length: contextLength,
      ...special,
      clean_up_tokenization_spaces: false,
      add_prefix_space: false,
    },
    'special_tokens_map.json': special,
  };
}
