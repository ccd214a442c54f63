export const scheduleNames = ['cosine', 'constant'] as const;

export interface ScheduleSettings {
  readonly learningRate: number;
  readonly schedule: (typeof scheduleNames)[number];
  readonly epochs: number;
  readonly warmupEpochs: number;
  /** The constant rate of the warm-up epochs. */
  readonly warmupLearningRate: number;
}

/**
 * The learning rate of an epoch, counted from 0, as CoOp and Dassl have it: constant during warm-up, then
 * η/2 · (1 + cos(π (e − w) / E)) for epoch e with w warm-up epochs of E in all. It changes once an epoch, and does not
 * quite reach 0.
 */
export function learningRateAt(epoch: number, settings: ScheduleSettings): number {
  const { learningRate, schedule, epochs, warmupEpochs, warmupLearningRate } = settings;
  if (epoch < warmupEpochs) return warmupLearningRate;
  if (schedule === 'constant') return learningRate;
  return (learningRate / 2) * (1 + Math.cos((Math.PI * (epoch - warmupEpochs)) / epochs));
}
