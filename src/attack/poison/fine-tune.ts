import type { PairSource } from '../../data/pair-source.js';
import type { ClipWeights } from '../../model/weights.js';
import { adamDefaults } from '../../training/adamw.js';
import { pairSchedule, trainOnPairs, type PairTrainingOptions } from '../../training/pair-training.js';
import { warmupCosineRate, type WarmupCosineSettings } from '../../training/warmup-cosine.js';
import type { FineTuneSettings } from './settings.js';

export interface FineTuneOptions extends Omit<
  PairTrainingOptions,
  'task' | 'epochs' | 'batchSize' | 'optimiser' | 'learningRate' | 'objective' | 'views'
> {
  readonly settings: FineTuneSettings;
}

/** The schedule that the settings ask for. @throws InputError (`usage`) when pairs or steps are too few. */
export function fineTuneSchedule(pairs: Pick<PairSource, 'count'>, settings: FineTuneSettings): WarmupCosineSettings {
  return pairSchedule(pairs, { ...settings, batchSize: settings.batch, form: settings.schedule });
}

/**
 * Trains both towers and the temperature of a CLIP on pairs by InfoNCE, as CleanCLIP does it, see `trainOnPairs`.
 * (CleanCLIP's weight decay takes in the class embedding, ours matrices only.)
 * @throws InputError as `trainOnPairs` does, and (`usage`) for a schedule that cannot be
 */
export function fineTune({ settings, ...options }: FineTuneOptions): Promise<ClipWeights> {
  const schedule = fineTuneSchedule(options.pairs, settings);
  return trainOnPairs({
    ...options,
    task: 'fine-tuning',
    epochs: settings.epochs,
    batchSize: settings.batch,
    optimiser: { ...adamDefaults, weightDecay: settings.weightDecay, decay: 'matrices' },
    learningRate: (step) => warmupCosineRate(step, schedule),
  });
}
