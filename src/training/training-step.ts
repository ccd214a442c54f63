import { InputError } from '../core/errors.js';

/** One optimiser step: figures of its batch, taken before it. */
export interface TrainingStep {
  /** Counted from 1. */
  readonly step: number;
  /** Counted from 0. */
  readonly epoch: number;
  readonly learningRate: number;
  readonly loss: number;
  /** The loss's own terms, by name. */
  readonly terms: Readonly<Record<string, number>>;
}

/** @throws InputError (`data`) when the loss is no longer finite. @param step counted from 1 */
export function refuseDivergence(task: string, loss: number, step: number, learningRate: number): void {
  if (Number.isFinite(loss)) return;
  throw new InputError({
    code: 'data',
    operation: task,
    expected: 'a finite loss',
    received: `${loss} at step ${step}`,
    fix: `Lower the learning rate (${learningRate} at that step), or look at the model with \`rvpt inspect\`.`,
  });
}
