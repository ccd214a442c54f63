import { InputError } from '../core/errors.js';
import type { Progress } from '../core/progress.js';
import type { PairSource } from '../data/pair-source.js';
import type { Preprocess } from '../data/preprocess.js';
import type { Tokenizer } from '../model/tokenizer.js';
import type { ClipWeights } from '../model/weights.js';
import type { Runtime } from '../runtime/session.js';
import type { PairObjective } from './contrastive-graph.js';
import { ContrastiveTrainer } from './contrastive-trainer.js';
import { batchesPerEpoch, pairBatches, type PairView } from './pair-batches.js';
import { restoreState, stateOf, type TrainerState } from './trainer-state.js';
import { refuseDivergence, type TrainingStep } from './training-step.js';
import type { WarmupCosineSettings } from './warmup-cosine.js';
import type { WeightSettings } from './weight-trainer.js';

export interface PairTrainingStep extends TrainingStep {
  /** Which pairs the batch held. */
  readonly indices: readonly number[];
}

export interface PairTrainingOptions {
  /** What it is called in progress and errors. */
  readonly task: string;
  readonly runtime: Runtime;
  readonly weights: ClipWeights;
  readonly tokenizer: Tokenizer;
  readonly preprocess: Preprocess;
  readonly pairs: PairSource;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimiser: WeightSettings;
  /** The learning rate of a step. @param step steps done before it, over all epochs */
  learningRate(step: number): number;
  /** What is minimised; CLIP's own loss, where not set. */
  readonly objective?: PairObjective | undefined;
  /** How each pair is seen, see `pairBatches`. */
  readonly views?: readonly PairView[] | undefined;
  readonly seed: number;
  /** Where to go on from. */
  readonly from?: TrainerState | undefined;
  /** Called after every step, in order; the next step waits for it. */
  onStep?(report: PairTrainingStep, endOfEpoch: boolean, state: () => TrainerState): Promise<void>;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface PairSchedule extends Pick<WarmupCosineSettings, 'epochs' | 'learningRate' | 'form'> {
  readonly batchSize: number;
  /** Steps; a tenth of all, at most 50, where not set. */
  readonly warmup?: number | undefined;
}

/** CleanCLIP's. */
const LONGEST_DEFAULT_WARMUP = 50;

/** Steps an epoch. @throws InputError (`usage`) when the pairs do not fill a batch */
export function pairSteps(pairs: Pick<PairSource, 'count'>, batchSize: number): number {
  const steps = batchesPerEpoch(pairs, batchSize);
  if (steps > 0) return steps;
  throw refusePlan(`a batch of at most ${pairs.count}, the number of pairs`, `${batchSize}`);
}

/** CleanCLIP's schedule over pairs. @throws InputError (`usage`) when pairs or steps are too few */
export function pairSchedule(pairs: Pick<PairSource, 'count'>, schedule: PairSchedule): WarmupCosineSettings {
  const { epochs, batchSize, learningRate, warmup, form } = schedule;
  const stepsPerEpoch = pairSteps(pairs, batchSize);
  const steps = stepsPerEpoch * epochs;
  const warmupSteps = warmup ?? Math.min(LONGEST_DEFAULT_WARMUP, Math.floor(steps / 10));
  if (warmupSteps >= steps)
    throw refusePlan(`a warm-up shorter than the ${steps} steps in all`, `${warmupSteps} steps`);
  return { learningRate, warmupSteps, stepsPerEpoch, epochs, form };
}

function refusePlan(expected: string, received: string): InputError {
  return new InputError({ code: 'usage', operation: 'plan the fine-tuning', expected, received });
}

/**
 * Trains both towers of a CLIP on pairs by AdamW, as CleanCLIP does it: the order is drawn anew each epoch, the last
 * batch is left out where it is not full, the rate changes every step.
 *
 * The same seed, settings, pairs and number of threads give the same bits, also when training was stopped in between
 * and went on from a saved state.
 * @throws InputError (`usage`) when the pairs do not fill a batch, (`data`) when an image cannot be decoded or the loss
 *   is no longer finite
 */
export async function trainOnPairs(options: PairTrainingOptions): Promise<ClipWeights> {
  const { task, runtime, weights, tokenizer, pairs, epochs, batchSize, objective, from, signal } = options;
  const stepsPerEpoch = pairSteps(pairs, batchSize);
  await using trainer = await ContrastiveTrainer.create(runtime, weights, tokenizer, options.optimiser, objective);
  if (from !== undefined) restoreState(trainer, from);

  let done = from?.step ?? 0;
  const state = (): TrainerState => stateOf(trainer, done);
  const bar = options.progress.begin(task, stepsPerEpoch * epochs, 'steps', done);
  try {
    for (let epoch = Math.floor(done / stepsPerEpoch); epoch < epochs; epoch++) {
      for await (const batch of pairBatches(pairs, { ...options, epoch, from: done % stepsPerEpoch })) {
        signal?.throwIfAborted();
        const learningRate = options.learningRate(done);
        const { loss, terms } = await trainer.step(batch, learningRate);
        refuseDivergence(task, loss, done + 1, learningRate);
        done++;
        const report = { step: done, epoch, loss, terms, learningRate, indices: batch.indices };
        await options.onStep?.(report, done % stepsPerEpoch === 0, state);
        bar.update(done, `loss ${loss.toFixed(3)}`);
      }
    }
  } finally {
    bar.end();
  }
  return trainer.weights();
}
