export interface PlainTensor {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export interface FloatTensor {
  readonly shape: number[];
  readonly data: Float32Array;
}

export interface ClipInputs {
  /** Normalised, [images, 3, S, S]. */
  readonly pixels: PlainTensor;
  /** [texts, T] */
  readonly ids: PlainTensor;
}

/** Outputs of `CLIPModel`, by name. */
export declare function runClip(
  folder: string,
  dtype: 'fp32' | 'fp16' | 'q8' | null,
  inputs: ClipInputs,
): Promise<Record<string, FloatTensor>>;

/** Outputs of `model*.onnx` from the WebAssembly build of onnxruntime that browsers run. */
export declare function runInWebAssembly(file: string, inputs: ClipInputs): Promise<Record<string, FloatTensor>>;

/** Outputs of the two models with projection. */
export declare function runTowers(
  folder: string,
  dtype: 'fp32' | 'fp16' | 'q8' | null,
  inputs: ClipInputs,
): Promise<{ image_embeds: FloatTensor; text_embeds: FloatTensor }>;

/** Token ids as the zero-shot pipeline makes them: filled up and cut. */
export declare function tokenize(folder: string, texts: readonly string[]): Promise<FloatTensor>;

/** Pixel values of image files, [n, 3, S, S]; `resample` stands in for what the config says. */
export declare function processImages(
  folder: string,
  files: readonly string[],
  resample?: number,
): Promise<FloatTensor>;

/** Probabilities of the labels, in their order, for each file, by the zero-shot pipeline. */
export declare function classify(
  folder: string,
  files: readonly string[],
  labels: readonly string[],
  template: string,
): Promise<number[][]>;

/** By the image feature pipeline. */
export declare function features(folder: string, file: string): Promise<FloatTensor>;
