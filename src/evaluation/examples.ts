import type { Raster } from '../core/raster.js';
import type { Sample } from '../data/sample.js';
import { Random } from '../tensor/random.js';
import { attackedViews, triggeredCrop } from './attacked-views.js';
import type { Answer } from './comparison.js';
import { encodeViews } from './encode-views.js';
import type { EvaluateOptions } from './evaluate.js';

/** What a model makes of one view of an image. */
export interface ViewedExample {
  /** What the model saw, before mean and deviation. */
  readonly crop: Raster;
  readonly answer: Answer;
}

/** One image to look at. */
export interface AnsweredExample {
  readonly sample: Sample;
  readonly clean: ViewedExample;
  /** Where there is an attack. */
  readonly triggered?: ViewedExample;
}

/** Classes that an answer names. */
const TOP = 3;

/**
 * Images to show, drawn by the seed whatever a model makes of them: as many classes as can be, and none of the target
 * class, which the trigger cannot turn.
 */
export function chooseExamples(
  samples: readonly Sample[],
  count: number,
  { seed, target }: { readonly seed: number; readonly target?: number | undefined },
): Sample[] {
  const seen = new Map<number, number>();
  const ranked = Random.stream(seed, 'examples')
    .shuffled(samples.filter(({ label }) => label !== target))
    .map((sample) => {
      const round = seen.get(sample.label) ?? 0;
      seen.set(sample.label, round + 1);
      return { sample, round };
    });
  ranked.sort((a, b) => a.round - b.round); // stable: within a round as drawn
  return ranked.slice(0, count).map(({ sample }) => sample);
}

/**
 * The likeliest classes of every image of `options.source`, and where in it the class token looks.
 * @param classNames names of the rows of `options.textFeatures`
 */
export async function answerExamples(
  options: EvaluateOptions,
  classNames: readonly string[],
): Promise<AnsweredExample[]> {
  const { attack } = options;
  const { views, source, classifier, logits } = attackedViews(options);
  const examples: AnsweredExample[] = [];
  await encodeViews({ ...options, source }, views, { ...classifier, attention: true }, (batch) => {
    const { images, encoded } = batch;
    const { attention } = encoded;
    if (attention === undefined) throw new Error('examples: the image encoder gave no attention');
    const patches = attention.data.length / (images.length * views.length);
    const byView = logits(batch);
    const answer = (image: number, view: number): Answer => {
      const row = image * views.length + view;
      const classes = classNames.length;
      return {
        top: likeliest(byView[view].subarray(image * classes, (image + 1) * classes), classNames),
        attention: Array.from(attention.data.subarray(row * patches, (row + 1) * patches), shortened),
      };
    };
    images.forEach((image, i) => {
      examples.push({
        sample: image.sample,
        clean: { crop: image.crop, answer: answer(i, 0) },
        ...(attack === undefined ? {} : { triggered: { crop: triggeredCrop(attack, image), answer: answer(i, 1) } }),
      });
    });
  });
  return examples;
}

/** @param logits [C] */
function likeliest(logits: Float32Array, classNames: readonly string[]): Answer['top'] {
  const largest = logits.reduce((max, logit) => Math.max(max, logit), -Infinity);
  const weights = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return classNames
    .map((name, i) => ({ class: name, probability: weights[i] / sum }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, TOP);
}

/** Four digits are plenty for a picture. */
function shortened(value: number): number {
  return Number(value.toPrecision(4));
}
