import { silentProgress, type Progress } from '../core/progress.js';
import { lowerToOnnx } from '../graph/onnx/lower.js';
import { textGraph, type TextFeatures } from '../model/clip-graphs.js';
import { endOfTextMask } from '../model/end-of-text.js';
import type { Tokenizer } from '../model/tokenizer.js';
import type { ClipWeights } from '../model/weights.js';
import type { Runtime } from '../runtime/session.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import { scaleRowsToUnit } from './unit-rows.js';

/** Texts that go through the text tower together. */
export const TEXTS_AT_ONCE = 32;

/**
 * Unit features of classes, each from one or more texts: every text's embedding is scaled to length 1, the mean is
 * taken and scaled to length 1 again (the ensemble of Radford et al., section 3.1.4).
 * @param prompts texts by class, the same number for every class
 * @returns [C, E]
 */
export async function classTextFeatures(
  runtime: Runtime,
  weights: ClipWeights,
  tokenizer: Tokenizer,
  prompts: readonly (readonly string[])[],
  { progress = silentProgress, signal }: { readonly progress?: Progress; readonly signal?: AbortSignal } = {},
): Promise<TextFeatures> {
  const { architecture } = weights;
  const { embedDim } = architecture;
  const texts = prompts.flat();
  const encoded = tokenizer.encode(texts); // [n, context]
  const endOfText = endOfTextMask(encoded, architecture.text); // [n, 1, context]
  const [count, context] = encoded.shape;
  const tokens = lengthOfTexts(endOfText);
  const embeddings = new Float32Array(count * embedDim); // [n, E]
  const chunk = Math.min(TEXTS_AT_ONCE, count);
  await using session = await runtime.compile(lowerToOnnx(textGraph(weights, chunk, tokens), runtime.provider));
  const task = progress.begin('class prompts', count, 'texts');
  for (let start = 0; start < count; start += chunk) {
    signal?.throwIfAborted();
    // the last chunk is moved back to be full; what it computes twice is the same twice
    const from = Math.min(start, count - chunk);
    const inputs = { ids: new BigInt64Array(chunk * tokens), endOfText: tensor([chunk, 1, tokens]) };
    for (let i = 0; i < chunk; i++) {
      const at = (from + i) * context;
      inputs.ids.set(encoded.data.subarray(at, at + tokens), i * tokens);
      inputs.endOfText.data.set(endOfText.data.subarray(at, at + tokens), i * tokens);
    }
    const out = await session.run({
      input_ids: { shape: [chunk, tokens], data: inputs.ids },
      end_of_text: inputs.endOfText,
    });
    embeddings.set(out['text_embeds'].data, from * embedDim);
    task.update(Math.min(start + chunk, count));
  }
  task.end();
  return meanByClass(embeddings, prompts, embedDim);
}

/**
 * Tokens up to the last end of any text. The mask is causal, so what stands behind changes nothing and can be cut off.
 * @param endOfText [n, 1, T], see `endOfTextMask`
 */
export function lengthOfTexts({ shape: [, , context], data }: Tensor): number {
  return 1 + data.reduce((last, mark, at) => (mark === 1 ? Math.max(last, at % context) : last), 0);
}

/**
 * The ensemble of every class.
 * @param embeddings of all texts, [n, E]; scaled to length 1 in place
 * @returns [C, E]
 */
export function meanByClass(
  embeddings: Float32Array,
  prompts: readonly (readonly string[])[],
  embedDim: number,
): TextFeatures {
  scaleRowsToUnit(embeddings, embedDim);
  const features = tensor([prompts.length, embedDim]);
  let text = 0;
  prompts.forEach((group, index) => {
    const row = features.data.subarray(index * embedDim, (index + 1) * embedDim);
    for (let k = 0; k < group.length; k++, text++) {
      for (let i = 0; i < embedDim; i++) row[i] += embeddings[text * embedDim + i] / group.length;
    }
  });
  scaleRowsToUnit(features.data, embedDim);
  return features;
}
