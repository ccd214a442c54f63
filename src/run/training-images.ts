import { augmentations, type AugmentationName } from '../data/augment.js';
import { ImageLoader } from '../data/loader.js';
import type { Preprocess } from '../data/preprocess.js';
import type { Dataset, Sample } from '../data/sample.js';
import type { TrainingImages } from '../data/training-images.js';
import { imageDecoder, type DecoderOptions } from '../node/decode-image.js';

/** Images of a data set as a defense learns from them: decoded, augmented and normalised when they are asked for. */
export function trainingImages({
  dataset,
  samples,
  decoding,
  preprocess,
  augmentation,
  seed,
}: {
  readonly dataset: Pick<Dataset, 'images'>;
  readonly samples: readonly Sample[];
  readonly decoding?: DecoderOptions;
  readonly preprocess: Preprocess;
  readonly augmentation: AugmentationName;
  readonly seed: number;
}): TrainingImages {
  const decode = imageDecoder(decoding);
  const augment = augmentations[augmentation];
  return {
    labels: samples.map((sample) => sample.label),
    async *load(order, view, batch) {
      const loader = new ImageLoader({
        images: dataset.images,
        samples: order.map((index) => samples[index]),
        decode,
        preprocess,
        crop: (image, sample) => augment(image, preprocess, { seed, imageKey: sample.path, view }),
        ahead: batch,
      });
      for await (const { pixelValues, indices } of loader.batches(batch)) {
        yield { pixelValues, indices: indices.map((index) => order[index]) };
      }
    },
  };
}
