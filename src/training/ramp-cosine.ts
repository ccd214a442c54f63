export interface RampCosineSettings {
  /** What the ramp begins at; it may lie above the middle. */
  readonly start: number;
  /** What the ramp ends at and the cosine begins from. */
  readonly middle: number;
  /** What the cosine nears. */
  readonly end: number;
  /** w, at least 0 and below the steps of the run. */
  readonly rampSteps: number;
  /** T */
  readonly steps: number;
}

/**
 * The learning rate of a step as PAR has it (PerturbAndRecover, `utils.py`): a straight line from `start` to `middle`
 * over w steps, both reached, then end + (middle − end)/2 · (1 + cos(π (t − w) / (T − w))).
 * @param step t: optimiser steps done before this one
 */
export function rampCosineRate(step: number, { start, middle, end, rampSteps, steps }: RampCosineSettings): number {
  if (step < rampSteps) return rampSteps === 1 ? start : start + ((middle - start) * step) / (rampSteps - 1);
  return end + ((middle - end) / 2) * (1 + Math.cos((Math.PI * (step - rampSteps)) / (steps - rampSteps)));
}
