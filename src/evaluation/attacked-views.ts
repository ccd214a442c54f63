import type { Raster } from '../core/raster.js';
import type { LoadedImage } from '../data/loader.js';
import { toPixelValues, type Preprocess } from '../data/preprocess.js';
import type { ImageGraphOptions, TextFeatures } from '../model/clip-graphs.js';
import { rowsOfView, type EncodedViews, type View } from './encode-views.js';
import type { Attack, EvaluateOptions } from './evaluate.js';
import { refuseOtherClasses } from './head-classes.js';

/** Every image as it is and, with an attack, triggered. */
export interface AttackedViews {
  /** One, or with an attack two. */
  readonly views: readonly View[];
  /** Where the images come from, with all that the views need of them. */
  readonly source: EvaluateOptions['source'];
  /** What the model is to classify by: the head, or class prompts; where the trigger changes these, both sets below each other. */
  readonly classifier: Pick<ImageGraphOptions, 'textFeatures' | 'head'>;
  /** Logits of each view, under its own class prompts where there is no head, each [n, C]. */
  readonly logits: (encoded: EncodedViews) => Float32Array[];
}

/** How a trigger comes into an image. */
export type Planting = Pick<Attack, 'trigger' | 'seed'>;

/** The image with the attack's trigger, which acts on the 8-bit crop: the same pixels every time. */
export function triggeredCrop({ trigger, seed }: Planting, { crop, squashed, sample }: LoadedImage): Raster {
  return trigger.apply(squashed ?? crop, { seed, imageKey: sample.path });
}

/** The image as it is. */
export function cleanView(preprocess: Preprocess): View {
  return ({ crop }, out) => toPixelValues(crop, preprocess, out);
}

/** The image with the trigger; one that wants images squashed needs `alsoSquashed` of the source. */
export function triggeredView(planting: Planting, preprocess: Preprocess): View {
  return (image, out) => toPixelValues(triggeredCrop(planting, image), preprocess, out);
}

/**
 * The views of an evaluation. A head reads no class prompts, so of a trigger with a text key only the image's half acts.
 * @throws InputError (`mismatch`) when the head tells other classes apart than the prompts
 */
export function attackedViews({ attack, source, textFeatures, head }: EvaluateOptions): AttackedViews {
  const [classes] = textFeatures.shape;
  if (head !== undefined) refuseOtherClasses(head, classes);
  const views = [cleanView(source.preprocess)];
  if (attack !== undefined) views.push(triggeredView(attack, source.preprocess));
  // logits of both prompts are computed for every view, and each view reads its own
  const keyed = head === undefined ? attack?.textFeatures : undefined;
  const features = [textFeatures, ...(keyed === undefined ? [] : [keyed])];
  return {
    views,
    source: { ...source, alsoSquashed: attack?.trigger.resize === 'squash' },
    classifier: head === undefined ? { textFeatures: stackRows(features) } : { head },
    logits: ({ images, encoded: { logits } }) => {
      if (logits === undefined) throw new Error('evaluation: the image encoder gave no logits');
      return views.map((_, view) => {
        const rows = rowsOfView(logits.data, [1, images.length, features.length * classes], view, views.length);
        return rowsOfView(rows, [1, images.length, classes], Math.min(view, features.length - 1), features.length);
      });
    },
  };
}

/** Matrices of equal width below each other. */
function stackRows(matrices: readonly TextFeatures[]): TextFeatures {
  const data = new Float32Array(matrices.reduce((sum, matrix) => sum + matrix.data.length, 0));
  let at = 0;
  for (const matrix of matrices) {
    data.set(matrix.data, at);
    at += matrix.data.length;
  }
  const [, width] = matrices[0].shape;
  return { shape: [data.length / width, width], data };
}
