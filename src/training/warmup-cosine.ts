import { z } from 'zod';

/**
 * - `correct`: the first step of a run is step 0 of the schedule.
 * - `compat`: as CleanCLIP and BadCLIP run it. They count epochs from 1 but multiply them by the steps of an epoch, so
 *   every step takes the rate of the one an epoch later: a warm-up no longer than an epoch never happens, a longer one
 *   starts in its middle, and in the last epoch the cosine is past its end and the rate rises again.
 */
export const warmupCosineForms = ['correct', 'compat'] as const;

/** AdamW with this schedule, as a person sets it. */
export const warmupCosineShape = {
  schedule: z
    .enum(warmupCosineForms)
    .default('correct')
    .describe('correct: warm-up, then cosine; compat: with the off-by-one of CleanCLIP and BadCLIP'),
  weightDecay: z.number().nonnegative().default(0.1).describe('weight decay of AdamW, on matrices only'),
} as const;

export interface WarmupCosineSettings {
  /** η: what the warm-up ends at and the cosine starts from. */
  readonly learningRate: number;
  /** w, at least 0 and below the steps of the run. */
  readonly warmupSteps: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  readonly form: (typeof warmupCosineForms)[number];
}

/**
 * The learning rate of a step as CleanCLIP has it, with t for its place in the schedule and T for the steps of the run:
 * η (t + 1) / w while t < w, then η/2 · (1 + cos(π (t − w) / (T − w))). It changes every step, and does not quite
 * reach 0.
 *
 * @param step optimiser steps done before this one, over all epochs.
 * @throws RangeError when the warm-up leaves no step for the cosine.
 */
export function warmupCosineRate(step: number, settings: WarmupCosineSettings): number {
  const { learningRate, warmupSteps, stepsPerEpoch, epochs, form } = settings;
  const total = stepsPerEpoch * epochs;
  if (warmupSteps >= total) throw new RangeError(`schedule: a warm-up of ${warmupSteps} steps in a run of ${total}`);
  const at = form === 'correct' ? step : step + stepsPerEpoch;
  if (at < warmupSteps) return (learningRate * (at + 1)) / warmupSteps;
  return (learningRate / 2) * (1 + Math.cos((Math.PI * (at - warmupSteps)) / (total - warmupSteps)));
}
