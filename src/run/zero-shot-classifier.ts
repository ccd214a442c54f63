import { MemoryBytes } from '../core/bytes.js';
import { InputError } from '../core/errors.js';
import { classPrompts, defaultTemplate } from '../data/class-prompts.js';
import type { DecodeImage } from '../data/image-decoder.js';
import { cropImage, toPixelValues, type Preprocess } from '../data/preprocess.js';
import { largestLogits } from '../evaluation/predictions.js';
import { foldPrompts, type VisualPrompts } from '../inference/fold-prompts.js';
import { ImageEncoder, type EncodedImages } from '../inference/image-encoder.js';
import { classTextFeatures } from '../inference/text-features.js';
import { scaleRowsToUnit } from '../inference/unit-rows.js';
import { imageDecoder, type DecoderOptions } from '../node/decode-image.js';
import type { LoadedClip } from '../node/load-clip.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import type { Runtime } from '../runtime/session.js';
import { tensor } from '../tensor/tensor.js';

/** What a classifier is made from. */
export interface ZeroShotClassifierOptions {
  readonly clip: LoadedClip;
  /** What images may be: as they go into the class prompts. */
  readonly classNames: readonly string[];
  /** Visual prompts of a defended model. */
  readonly prompts?: VisualPrompts;
  /** Class prompt templates with `{class}`; several make an ensemble. CLIP's own by default. */
  readonly templates?: readonly string[];
  /** By default onnxruntime on the CPU. */
  readonly runtime?: Runtime;
  /** By default the model's own. */
  readonly preprocess?: Preprocess;
  /** Limits of what is decoded. */
  readonly decoding?: DecoderOptions;
}

/** A class, and how much an image looks like it. */
export interface ClassScore {
  readonly className: string;
  /** Its place in `classNames`. */
  readonly index: number;
  /** exp(logit_scale) · cos(image, class). */
  readonly logit: number;
  /** Softmax of the logits over the classes, 0 … 1. */
  readonly probability: number;
}

/**
 * A CLIP, defended or not, that stays in memory and classifies one image after the other. Calls may overlap. Dispose of it
 * when none is under way any more: it does not need `clip` after it was created, and does not dispose of it.
 */
export class ZeroShotClassifier implements AsyncDisposable {
  /** In the order that they were given in. */
  readonly classNames: readonly string[];
  readonly #encoder: ImageEncoder;
  readonly #decode: DecodeImage;
  readonly #preprocess: Preprocess;

  private constructor(
    classNames: readonly string[],
    encoder: ImageEncoder,
    decode: DecodeImage,
    preprocess: Preprocess,
  ) {
    this.classNames = classNames;
    this.#encoder = encoder;
    this.#decode = decode;
    this.#preprocess = preprocess;
  }

  /**
   * Encodes the class prompts and compiles the vision tower.
   * @throws InputError (`usage`) without class names, or with an empty one
   */
  static async create(options: ZeroShotClassifierOptions): Promise<ZeroShotClassifier> {
    const { clip, classNames, templates = [defaultTemplate], runtime = new OnnxRuntime() } = options;
    const { weights, tokenizer } = clip;
    checkClassNames(classNames);
    const textFeatures = await classTextFeatures(runtime, weights, tokenizer, classPrompts(classNames, templates));
    const encoder = await ImageEncoder.create(runtime, weights, {
      batch: 1,
      textFeatures,
      ...(options.prompts === undefined ? {} : { prompts: await foldPrompts(runtime, weights, options.prompts) }),
    });
    const decode = imageDecoder(options.decoding);
    return new ZeroShotClassifier([...classNames], encoder, decode, options.preprocess ?? clip.preprocess);
  }

  /**
   * Tells how much an image looks like each class.
   * @param image the bytes of an image file
   * @param name what errors call it
   * @returns every class, the likeliest first
   * @throws InputError (`malformed`, `unsupported`, `data`) when the image cannot be decoded or is beyond the limits
   */
  async classify(image: Uint8Array, name = 'the image'): Promise<ClassScore[]> {
    const { logits } = await this.#encode(image, name);
    if (logits === undefined) throw new Error('a classifier is made with the features of its classes');
    const best = logits.data[largestLogits(logits.data, this.classNames.length, () => name)[0]];
    const exponentials = [...logits.data].map((logit) => Math.exp(logit - best));
    const sum = exponentials.reduce((total, value) => total + value, 0);
    return this.classNames
      .map((className, index) => ({
        className,
        index,
        logit: logits.data[index],
        probability: exponentials[index] / sum,
      }))
      .sort((a, b) => b.logit - a.logit);
  }

  /**
   * The image as the model encodes it, to compare images by: the cosine of two is their inner product.
   * @returns [E], of length 1
   * @throws InputError as `classify` does
   */
  async imageFeatures(image: Uint8Array, name = 'the image'): Promise<Float32Array> {
    const { data } = (await this.#encode(image, name)).embeddings;
    scaleRowsToUnit(data, data.length);
    return data;
  }

  async #encode(image: Uint8Array, name: string): Promise<EncodedImages> {
    const crop = cropImage(await this.#decode(new MemoryBytes(name, image)), this.#preprocess);
    const pixelValues = tensor([1, 3, crop.height, crop.width], toPixelValues(crop, this.#preprocess));
    return this.#encoder.encode(pixelValues);
  }

  /** Lets the model go. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#encoder[Symbol.asyncDispose]();
  }
}

function checkClassNames(classNames: readonly string[]): void {
  const empty = classNames.findIndex((name) => name.trim() === '');
  if (classNames.length > 0 && empty === -1) return;
  throw new InputError({
    code: 'usage',
    operation: 'make a classifier',
    expected: 'one class name or more, none of them empty',
    received: empty === -1 ? 'none' : `an empty one at place ${empty}`,
  });
}
