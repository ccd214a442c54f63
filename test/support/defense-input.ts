import { silentProgress } from '../../src/core/progress.js';
import { clipPreprocess } from '../../src/data/preprocess.js';
import type { DefenseInput } from '../../src/defense/defense.js';
import type { TrainingImages } from '../../src/data/training-images.js';
import type { ClipArchitecture } from '../../src/model/architecture.js';
import type { ClipWeights } from '../../src/model/weights.js';
import { byteTokenizer } from '../../src/model/tokenizer.js';
import { OnnxRuntime } from '../../src/node/onnx-runtime.js';
import { Random } from '../../src/tensor/random.js';
import { tensor, type Tensor } from '../../src/tensor/tensor.js';
import { unevenWeights } from './random-clip.js';

const tower = { width: 16, layers: 3, heads: 2, mlpWidth: 24, activation: 'quick_gelu', normEpsilon: 1e-5 } as const;
const text = { ...tower, contextLength: 16, vocabularySize: 300, endOfText: { kind: 'argmax' } } as const;

/** A CLIP on which a defense takes milliseconds. */
export const defendedArchitecture: ClipArchitecture = {
  vision: { ...tower, imageSize: 8, patchSize: 4 },
  text,
  embedDim: 6,
};

/** The pixels in [0, 1] of one view of one image, [3, S, S]: another colour for each class, and noise. */
export function trainingPixels(index: number, label: number, view: number): Float32Array {
  const random = Random.stream(7, `${index}/${view}`);
  const { imageSize } = defendedArchitecture.vision;
  return Float32Array.from({ length: 3 * imageSize ** 2 }, (_, i) => {
    const channel = Math.floor(i / imageSize ** 2);
    return Math.min(1, Math.max(0, (channel === label % 3 ? 0.6 : 0.3) + 0.15 * random.normal()));
  });
}

/** A defense's input: a tiny random CLIP, and images that are made, not loaded. */
export interface MadeInput extends DefenseInput {
  readonly labels: readonly number[];
  /** Normalised pixels of one view of some images, [n, 3, S, S]. */
  pixels(indices: readonly number[], view: number): Tensor;
}

/** @param labels class of each image; @param classes how many there are */
export function defenseInput(labels: readonly number[], classes: number): MadeInput {
  const weights: ClipWeights = unevenWeights(defendedArchitecture, 3);
  const { imageSize } = defendedArchitecture.vision;
  const preprocess = clipPreprocess(imageSize);
  const pixels = (indices: readonly number[], view: number): Tensor => {
    const out = tensor([indices.length, 3, imageSize, imageSize]);
    indices.forEach((index, row) => {
      trainingPixels(index, labels[index], view).forEach((value, i) => {
        const channel = Math.floor(i / imageSize ** 2);
        const at = row * 3 * imageSize ** 2 + i;
        out.data[at] = (value - preprocess.mean[channel]) / preprocess.std[channel];
      });
    });
    return out;
  };
  return {
    runtime: new OnnxRuntime({ threads: 1 }),
    weights,
    tokenizer: byteTokenizer(text),
    preprocess,
    textFeatures: unitRows(classes, defendedArchitecture.embedDim),
    labels,
    pixels,
    images: (augmentation): TrainingImages => ({
      labels,
      async *load(order, view, batch) {
        for (let start = 0; start < order.length; start += batch) {
          const indices = order.slice(start, start + batch);
          yield await Promise.resolve({ pixelValues: pixels(indices, augmentation === 'none' ? 0 : view), indices });
        }
      },
    }),
    seed: 5,
    progress: silentProgress,
  };
}

function unitRows(rows: number, width: number): Tensor {
  const random = Random.stream(11, 'text features');
  const out = tensor([rows, width]);
  for (let row = 0; row < rows; row++) {
    const own = out.data.subarray(row * width, (row + 1) * width);
    own.forEach((_, i) => (own[i] = random.normal()));
    const length = Math.hypot(...own);
    own.forEach((value, i) => (own[i] = value / length));
  }
  return out;
}
