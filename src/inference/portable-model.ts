import { endOfTextMask } from '../model/end-of-text.js';
import type { TextFeatures } from '../model/clip-graphs.js';
import type { Tokenizer } from '../model/tokenizer.js';
import type { ClipWeights } from '../model/weights.js';
import type { Session } from '../runtime/session.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import type { EncodedImages, Encoder } from './image-encoder.js';
import { TEXTS_AT_ONCE, lengthOfTexts, meanByClass } from './text-features.js';
import { scaleRowsToUnit } from './unit-rows.js';

/** As `classTextFeatures`, by a session of `portableText`. @returns [C, E] */
export async function portableTextFeatures(
  session: Session,
  weights: ClipWeights,
  tokenizer: Tokenizer,
  prompts: readonly (readonly string[])[],
): Promise<TextFeatures> {
  const { architecture } = weights;
  const texts = prompts.flat();
  const encoded = tokenizer.encode(texts); // [n, context]
  const [count, context] = encoded.shape;
  const tokens = lengthOfTexts(endOfTextMask(encoded, architecture.text));
  const embeddings = new Float32Array(count * architecture.embedDim); // [n, E]
  for (let from = 0; from < count; from += TEXTS_AT_ONCE) {
    const rows = Math.min(TEXTS_AT_ONCE, count - from);
    const data = new BigInt64Array(rows * tokens);
    for (let i = 0; i < rows; i++) {
      const at = (from + i) * context;
      data.set(encoded.data.subarray(at, at + tokens), i * tokens);
    }
    const out = await session.run({ input_ids: { shape: [rows, tokens], data } });
    embeddings.set(out['text_embeds'].data, from * architecture.embedDim);
  }
  return meanByClass(embeddings, prompts, architecture.embedDim);
}

/** Classifies images by a session of `portableVision`. */
export class PortableEncoder implements Encoder {
  readonly lanes = 1;
  readonly #session: Session;
  readonly #textFeatures: TextFeatures;
  readonly #scale: number;

  /** @param textFeatures unit rows [C, E]; @param scale exp(logit_scale) */
  constructor(session: Session, textFeatures: TextFeatures, scale: number) {
    this.#session = session;
    this.#textFeatures = textFeatures;
    this.#scale = scale;
  }

  async encode(pixelValues: Tensor): Promise<EncodedImages> {
    const out = await this.#session.run({ pixel_values: pixelValues }, ['pixel_values']);
    const embeddings = out['image_embeds']; // [n, E]
    return { embeddings, logits: this.#logits(embeddings) };
  }

  #logits({ shape: [count, width], data }: Tensor): Tensor {
    const [classes] = this.#textFeatures.shape;
    const rows = data.slice();
    scaleRowsToUnit(rows, width);
    const logits = tensor([count, classes]);
    for (let i = 0; i < count; i++) {
      const image = rows.subarray(i * width, (i + 1) * width);
      for (let c = 0; c < classes; c++) {
        const text = this.#textFeatures.data.subarray(c * width, (c + 1) * width);
        logits.data[i * classes + c] = this.#scale * image.reduce((sum, element, k) => sum + element * text[k], 0);
      }
    }
    return logits;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}
