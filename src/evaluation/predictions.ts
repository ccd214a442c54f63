import { InputError } from '../core/errors.js';

/** Answers on images as they are. */
export interface CleanPredictions {
  readonly kind: 'clean';
  /** True class of each image. */
  readonly labels: Int32Array;
  /** Class that the model gave each image. */
  readonly predicted: Int32Array;
}

/** Answers on the same kind of images after the trigger was put on; a type of its own, lest a metric take the wrong one. */
export interface TriggeredPredictions {
  readonly kind: 'triggered';
  /** True class of each image, not the target. */
  readonly labels: Int32Array;
  readonly predicted: Int32Array;
  /** Class that the attacker wants. */
  readonly target: number;
}

/** @throws RangeError when the lists differ in length. */
export function cleanPredictions(labels: Int32Array, predicted: Int32Array): CleanPredictions {
  checkLengths(labels, predicted);
  return { kind: 'clean', labels, predicted };
}

/** @throws RangeError when the lists differ in length. */
export function triggeredPredictions(labels: Int32Array, predicted: Int32Array, target: number): TriggeredPredictions {
  checkLengths(labels, predicted);
  return { kind: 'triggered', labels, predicted, target };
}

function checkLengths(labels: Int32Array, predicted: Int32Array): void {
  if (labels.length === predicted.length) return;
  throw new RangeError(`predictions: ${labels.length} labels but ${predicted.length} answers`);
}

/**
 * The class with the largest logit of each row; the first of equals.
 * @param logits [n, classes], row-major.
 * @param nameOf names the image of a row, for the error.
 * @returns [n]
 * @throws InputError (`data`) when a logit is NaN, as the weights of a broken checkpoint make them.
 */
export function largestLogits(
  logits: Float32Array,
  classes: number,
  nameOf = (row: number) => `image ${row}`,
): Int32Array {
  return Int32Array.from({ length: logits.length / classes }, (_, row) => {
    let best = 0;
    for (let i = 0; i < classes; i++) {
      const logit = logits[row * classes + i];
      if (Number.isNaN(logit)) {
        throw new InputError({
          code: 'data',
          operation: 'classify images',
          expected: 'a number for every class',
          received: `NaN for class ${i} of ${nameOf(row)}`,
          fix: 'Check the checkpoint for NaN with `rvpt inspect`.',
        });
      }
      if (logit > logits[row * classes + best]) best = i;
    }
    return best;
  });
}
