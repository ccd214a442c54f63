import type { Trigger } from '../attack/trigger/trigger.js';
import type { BrokenImage } from '../data/loader.js';
import { toPixelValues } from '../data/preprocess.js';
import type { Sample } from '../data/sample.js';
import type { TextFeatures } from '../model/clip-graphs.js';
import { encodeViews, rowsOfView, type EncodedViews, type MeasureOptions, type View } from './encode-views.js';
import { attackMetrics, cleanMetrics, type AttackMetrics, type CleanMetrics } from './metrics.js';
import { cleanPredictions, largestLogits, triggeredPredictions } from './predictions.js';

export interface Attack {
  readonly trigger: Trigger;
  /** Class that the attacker wants. */
  readonly target: number;
  /** Of the randomness in the trigger. */
  readonly seed: number;
  /** [C, E], where the trigger changes the class prompts as well. */
  readonly textFeatures?: TextFeatures;
}

export interface EvaluateOptions extends MeasureOptions {
  /** Unit features of the classes, [C, E]. */
  readonly textFeatures: TextFeatures;
  readonly attack?: Attack;
}

/** What the model called one image. */
export interface ImagePrediction {
  readonly sample: Sample;
  readonly predicted: number;
  /** On the triggered image, where there was an attack. */
  readonly triggered?: number;
}

export interface Evaluation {
  readonly clean: CleanMetrics;
  /** Of the triggered images, where there was an attack. */
  readonly attacked?: AttackMetrics;
  /** In the order of the samples, broken images left out. */
  readonly predictions: readonly ImagePrediction[];
  readonly broken: readonly BrokenImage[];
}

/**
 * Zero-shot classification of clean images and, with an attack, of the same images triggered. The trigger acts on the
 * 8-bit crop.
 * @throws InputError (`data`) when no image counts for one of the metrics
 */
export async function evaluateClip(options: EvaluateOptions): Promise<Evaluation> {
  const { textFeatures, attack, source } = options;
  const [classes] = textFeatures.shape;
  const views: View[] = [(image, out) => toPixelValues(image.crop, source.preprocess, out)];
  if (attack !== undefined) {
    views.push(({ crop, sample }, out) => {
      const triggered = attack.trigger.apply(crop, { seed: attack.seed, imageKey: sample.path });
      toPixelValues(triggered, source.preprocess, out);
    });
  }
  // logits of both prompts are computed for every view, and each view reads its own
  const features = [textFeatures, ...(attack?.textFeatures === undefined ? [] : [attack.textFeatures])];

  const predictions: ImagePrediction[] = [];
  const collect = ({ images, encoded }: EncodedViews): void => {
    const { logits } = encoded;
    if (logits === undefined) throw new Error('evaluate: the image encoder gave no logits');
    const answers = views.map((_, view) => {
      const rows = rowsOfView(logits.data, [1, images.length, features.length * classes], view, views.length);
      const own = rowsOfView(rows, [1, images.length, classes], Math.min(view, features.length - 1), features.length);
      return largestLogits(own, classes, (row) => images[row].sample.path);
    });
    images.forEach(({ sample }, i) => {
      const triggered = attack === undefined ? {} : { triggered: answers[1][i] };
      predictions.push({ sample, predicted: answers[0][i], ...triggered });
    });
  };
  const broken = await encodeViews(options, views, { textFeatures: stackRows(features) }, collect);
  return { ...metricsOf(predictions, attack?.target), predictions, broken };
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

function metricsOf(
  predictions: readonly ImagePrediction[],
  target: number | undefined,
): Pick<Evaluation, 'clean' | 'attacked'> {
  const labels = Int32Array.from(predictions, ({ sample }) => sample.label);
  const predicted = Int32Array.from(predictions, (prediction) => prediction.predicted);
  const clean = cleanMetrics(cleanPredictions(labels, predicted));
  if (target === undefined) return { clean };
  const triggered = Int32Array.from(predictions.flatMap((prediction) => prediction.triggered ?? []));
  return { clean, attacked: attackMetrics(triggeredPredictions(labels, triggered, target)) };
}
