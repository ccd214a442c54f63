import type { Trigger } from '../attack/trigger/trigger.js';
import type { BrokenImage, LoadedImage } from '../data/loader.js';
import type { Sample } from '../data/sample.js';
import type { LinearHead, TextFeatures } from '../model/clip-graphs.js';
import { attackedViews } from './attacked-views.js';
import { encodeViews, type EncodedViews, type MeasureOptions } from './encode-views.js';
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
  /** Classifies in their place: of a defended model that has one. */
  readonly head?: LinearHead | undefined;
  readonly attack?: Attack;
}

/** What the model called one image. */
export interface ImagePrediction {
  readonly sample: Sample;
  readonly predicted: number;
  /** On the triggered image, where there was an attack. */
  readonly triggered?: number;
}

/** What an evaluation found. */
export interface Evaluation {
  readonly clean: CleanMetrics;
  /** Of the triggered images, where there was an attack. */
  readonly attacked?: AttackMetrics;
  /** In the order of the samples, broken images left out. */
  readonly predictions: readonly ImagePrediction[];
  readonly broken: readonly BrokenImage[];
}

/**
 * Classification of clean images and, with an attack, of the same images triggered: zero-shot, or by a head. The trigger
 * acts on the 8-bit crop.
 * @throws InputError (`data`) when no image counts for one of the metrics; (`mismatch`) for a head of other classes
 */
export async function evaluateClip(options: EvaluateOptions): Promise<Evaluation> {
  return evaluateLogits(options, () => undefined);
}

/**
 * The same, and tells the logits.
 * @param tell is given the batches in order: images, and for each view its logits [n, C] and the class of each image
 */
export async function evaluateLogits(
  options: EvaluateOptions,
  tell: (images: readonly LoadedImage[], views: readonly AnsweredView[]) => void,
): Promise<Evaluation> {
  const { attack } = options;
  const [classes] = options.textFeatures.shape;
  const { views, source, classifier, logits } = attackedViews(options);
  const predictions: ImagePrediction[] = [];
  const collect = (encoded: EncodedViews): void => {
    const { images } = encoded;
    const answered = logits(encoded).map((rows) => ({
      logits: rows,
      classes: largestLogits(rows, classes, (row) => images[row].sample.path),
    }));
    images.forEach(({ sample }, i) => {
      const triggered = attack === undefined ? {} : { triggered: answered[1].classes[i] };
      predictions.push({ sample, predicted: answered[0].classes[i], ...triggered });
    });
    tell(images, answered);
  };
  const broken = await encodeViews({ ...options, source }, views, classifier, collect);
  return { ...metricsOf(predictions, attack?.target), predictions, broken };
}

/** What the model says of a batch in one view. */
export interface AnsweredView {
  /** [n, C] */
  readonly logits: Float32Array;
  /** [n] */
  readonly classes: Int32Array;
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
