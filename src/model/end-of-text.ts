import { tensor, type IntTensor, type Tensor } from '../tensor/tensor.js';
import type { TextArchitecture } from './architecture.js';

/**
 * 1 at the token of each text whose state is read: the highest id (OpenAI), or the first of a given id (Hugging Face).
 * @param ids [n, T]
 * @returns [n, 1, T]
 * @throws RangeError when a text has no end token
 */
export function endOfTextMask(ids: IntTensor, { endOfText }: TextArchitecture): Tensor {
  const [count, tokens] = ids.shape;
  const mask = tensor([count, 1, tokens]);
  for (let text = 0; text < count; text++) {
    const row = ids.data.subarray(text * tokens, (text + 1) * tokens);
    const wanted = endOfText.kind === 'id' ? BigInt(endOfText.id) : row.reduce((a, b) => (a > b ? a : b));
    const place = row.indexOf(wanted);
    if (place < 0) throw new RangeError(`text ${text} has no end-of-text token ${wanted.toString()}`);
    mask.data[text * tokens + place] = 1;
  }
  return mask;
}
