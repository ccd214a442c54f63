import { InputError } from '../../core/errors.js';
import type { Progress } from '../../core/progress.js';
import type { PairSource } from '../../data/pair-source.js';
import type { Preprocess } from '../../data/preprocess.js';
import type { Tokenizer } from '../../model/tokenizer.js';
import type { ClipWeights } from '../../model/weights.js';
import type { Runtime } from '../../runtime/session.js';
import { ContrastiveTrainer } from '../../training/contrastive-trainer.js';
import { batchesPerEpoch, pairBatches } from '../../training/pair-batches.js';
import { restoreState, stateOf, type TrainerState } from '../../training/trainer-state.js';
import { warmupCosineRate, type WarmupCosineSettings } from '../../training/warmup-cosine.js';
import type { FineTuneSettings } from './settings.js';

export interface FineTuneStep {
  /** Counted from 1. */
  readonly step: number;
  /** Counted from 0. */
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Which pairs the batch held. */
  readonly indices: readonly number[];
}

export interface FineTuneOptions {
  readonly runtime: Runtime;
  readonly weights: ClipWeights;
  readonly tokenizer: Tokenizer;
  readonly preprocess: Preprocess;
  readonly pairs: PairSource;
  readonly settings: FineTuneSettings;
  readonly seed: number;
  /** Where to go on from. */
  readonly from?: TrainerState | undefined;
  /** Called after every step, in order; the next step waits for it. */
  onStep?(report: FineTuneStep, endOfEpoch: boolean, state: () => TrainerState): Promise<void>;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** CleanCLIP's. */
const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
const LONGEST_DEFAULT_WARMUP = 50;

/** The schedule that the settings ask for. @throws InputError (`usage`) when pairs or steps are too few. */
export function fineTuneSchedule(pairs: Pick<PairSource, 'count'>, settings: FineTuneSettings): WarmupCosineSettings {
  const { epochs, batch, learningRate, schedule } = settings;
  const refuse = (expected: string, received: string): InputError =>
    new InputError({ code: 'usage', operation: 'plan the fine-tuning', expected, received });
  const stepsPerEpoch = batchesPerEpoch(pairs, batch);
  if (stepsPerEpoch === 0) throw refuse(`a batch of at most ${pairs.count}, the number of pairs`, `${batch}`);
  const steps = stepsPerEpoch * epochs;
  const warmupSteps = settings.warmup ?? Math.min(LONGEST_DEFAULT_WARMUP, Math.floor(steps / 10));
  if (warmupSteps >= steps) throw refuse(`a warm-up shorter than the ${steps} steps in all`, `${warmupSteps} steps`);
  return { learningRate, warmupSteps, stepsPerEpoch, epochs, form: schedule };
}

/**
 * Trains both towers and the temperature of a CLIP on pairs, by InfoNCE and AdamW, as CleanCLIP does it: the order is
 * drawn anew each epoch, the last batch is left out where it is not full, the rate changes every step. (CleanCLIP's
 * weight decay takes in the class embedding, ours matrices only.)
 *
 * The same seed, settings, pairs and number of threads give the same bits, also when training was stopped in between
 * and went on from a saved state.
 * @throws InputError (`usage`) for a schedule that cannot be, (`data`) when an image cannot be decoded or the loss is no
 *   longer finite
 */
export async function fineTune(options: FineTuneOptions): Promise<ClipWeights> {
  const { runtime, weights, tokenizer, preprocess, pairs, settings, seed, from, progress, signal } = options;
  const schedule = fineTuneSchedule(pairs, settings);
  const { stepsPerEpoch, epochs } = schedule;
  const optimiser = { ...ADAMW, weightDecay: settings.weightDecay, decay: 'matrices' } as const;
  await using trainer = await ContrastiveTrainer.create(runtime, weights, tokenizer, optimiser);
  if (from !== undefined) restoreState(trainer, from);

  let done = from?.step ?? 0;
  const state = (): TrainerState => stateOf(trainer, done);
  const task = progress.begin('fine-tuning', stepsPerEpoch * epochs, 'steps', done);
  try {
    for (let epoch = Math.floor(done / stepsPerEpoch); epoch < epochs; epoch++) {
      const order = { batchSize: settings.batch, preprocess, seed, epoch, from: done % stepsPerEpoch };
      for await (const batch of pairBatches(pairs, order)) {
        signal?.throwIfAborted();
        const learningRate = warmupCosineRate(done, schedule);
        const { loss } = await trainer.step(batch, learningRate);
        if (!Number.isFinite(loss)) throw diverged(loss, done + 1, learningRate);
        done++;
        const report = { step: done, epoch, loss, learningRate, indices: batch.indices };
        await options.onStep?.(report, done % stepsPerEpoch === 0, state);
        task.update(done, `loss ${loss.toFixed(3)}`);
      }
    }
  } finally {
    task.end();
  }
  return trainer.weights();
}

function diverged(loss: number, step: number, learningRate: number): InputError {
  return new InputError({
    code: 'data',
    operation: 'fine-tune on pairs',
    expected: 'a finite loss',
    received: `${loss} at step ${step}`,
    fix: `Lower the learning rate (${learningRate} at that step), or look at the model with \`rvpt inspect\`.`,
  });
}
