import { InputError } from '../core/errors.js';
import type { Progress } from '../core/progress.js';
import type { TrainingImages } from '../data/training-images.js';
import type { VisualPrompts } from '../inference/fold-prompts.js';
import type { ClipArchitecture } from '../model/architecture.js';
import type { TextFeatures } from '../model/clip-graphs.js';
import type { ClipWeights } from '../model/weights.js';
import type { Runtime } from '../runtime/session.js';
import { Random } from '../tensor/random.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import { epochOrder } from '../training/epoch-order.js';
import { learningRateAt } from '../training/learning-rate.js';
import { restoreSgd, sgdState, type SgdState } from '../training/sgd-state.js';
import { Sgd } from '../training/sgd.js';
import { promptMethods, type Method } from './prompt-methods.js';
import type { FeatureStore } from './feature-store.js';
import { CachedFeatures, FeatureExtractor, featureRow, RecomputedFeatures, type FeatureSource } from './features.js';
import type { TuningPlan } from './plan.js';
import { promptedBlocks, promptName, type PromptShape } from './prompt-tuning-graph.js';
import { TuningStep, type LabelledFeatures, type StepLosses } from './tuning-step.js';
import type { TuningSettings } from './tuning-settings.js';

/** One optimiser step: means over its batch of L, L_CE and L_FR, taken before the step. */
export interface StepReport extends StepLosses {
  /** Counted from 1. */
  readonly step: number;
  /** Counted from 0. */
  readonly epoch: number;
  readonly learningRate: number;
}

export interface TuneOptions {
  readonly runtime: Runtime;
  readonly weights: ClipWeights;
  readonly textFeatures: TextFeatures;
  readonly images: TrainingImages;
  readonly method: Method;
  readonly settings: TuningSettings;
  readonly plan: TuningPlan;
  readonly seed: number;
  /** Where cached features are kept. */
  openStore(): Promise<FeatureStore>;
  /** Where to go on from. */
  readonly from?: SgdState | undefined;
  /** Called after every step, in order; the next step waits for it. */
  onStep?(report: StepReport, endOfEpoch: boolean, state: () => SgdState): Promise<void>;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** N(0, std) for each block that prompts enter, each [b, W]; every block draws from a stream of its own. */
export function initialPrompts(
  { vision }: ClipArchitecture,
  { promptStd, ...shape }: PromptShape & Pick<TuningSettings, 'promptStd'>,
  seed: number,
): VisualPrompts {
  const prompts = new Map<number, Tensor>();
  for (const d of promptedBlocks(vision.layers, shape)) {
    const random = Random.stream(seed, `prompts/${d}`);
    const prompt = tensor([shape.tokens, vision.width]);
    for (let i = 0; i < prompt.data.length; i++) prompt.data[i] = promptStd * random.normal();
    prompts.set(d, prompt);
  }
  return prompts;
}

/**
 * Tunes visual prompts (RVPT): SGD on L_CE + α L_FR with the model frozen, on features that are computed
 * once where they do not change.
 *
 * The same seed, settings, images and number of threads give the same bits, also when the run was stopped in between
 * and went on from a saved state.
 * @returns the prompts by block
 * @throws InputError (`data`) when the loss is no longer finite
 */
export async function tuneVisualPrompts(options: TuneOptions): Promise<VisualPrompts> {
  const { runtime, weights, images, settings, plan, seed, progress, signal, from } = options;
  const prompts = initialPrompts(weights.architecture, settings, seed);
  const parameters = new Map([...prompts].map(([d, prompt]) => [promptName(d), prompt]));
  const sgd = new Sgd(settings);
  if (from !== undefined) restoreSgd(parameters, sgd, from);

  await using source = await openFeatures(options);
  const objective = promptMethods[options.method].objective(settings);
  await using step = await TuningStep.create(runtime, weights, settings, objective, options.textFeatures, plan.part);

  let done = from?.step ?? 0;
  const state = (): SgdState => sgdState(done, parameters, sgd);
  const task = progress.begin('tuning', plan.steps, 'steps', done);
  try {
    for (let epoch = Math.floor(done / plan.stepsPerEpoch); epoch < settings.epochs; epoch++) {
      const learningRate = learningRateAt(epoch, settings);
      const used = epochOrder(images.labels.length, epoch, seed).slice(0, plan.imagesPerEpoch);
      const order = used.slice((done % plan.stepsPerEpoch) * settings.batchSize);
      let batch: LabelledFeatures[] = [];
      let taken = 0;
      for await (const row of source.epoch(epoch, order)) {
        batch.push({ row, label: images.labels[order[taken++]] });
        if (batch.length < settings.batchSize && taken < order.length) continue;
        signal?.throwIfAborted();
        const { gradients, ...losses } = await step.run(batch, prompts);
        batch = [];
        refuseDivergence(losses, done + 1, learningRate);
        for (const [d, gradient] of gradients) {
          const prompt = prompts.get(d);
          if (prompt !== undefined) sgd.update(promptName(d), prompt.data, gradient, learningRate);
        }
        done++;
        await options.onStep?.({ step: done, epoch, learningRate, ...losses }, taken === order.length, state);
        task.update(done, `loss ${losses.loss.toFixed(3)}, CE ${losses.ce.toFixed(3)}, FR ${losses.fr.toFixed(3)}`);
      }
    }
  } finally {
    task.end();
  }
  return prompts;
}

async function openFeatures(options: TuneOptions): Promise<FeatureSource> {
  const { runtime, weights, images, settings, plan, progress, signal } = options;
  const extractor = await FeatureExtractor.create(runtime, weights, settings.depth, plan.part);
  if (plan.views === 0) return new RecomputedFeatures(extractor, images);
  // the frozen model's session is let go before the step's is made: both at once would double the peak
  await using filling = extractor;
  const store = await options.openStore();
  const cached = new CachedFeatures(store, featureRow(weights, settings.depth), images.labels.length, plan.views);
  const task = progress.begin('features', images.labels.length * plan.views, 'images');
  try {
    await cached.fill(filling, images, (done) => {
      signal?.throwIfAborted();
      task.update(done);
    });
    return cached;
  } catch (thrown) {
    await cached[Symbol.asyncDispose]();
    throw thrown;
  } finally {
    task.end();
  }
}

function refuseDivergence(losses: StepLosses, step: number, learningRate: number): void {
  if (Number.isFinite(losses.loss) && Number.isFinite(losses.fr)) return;
  throw new InputError({
    code: 'data',
    operation: 'tune prompts',
    expected: 'a finite loss',
    received: `${losses.loss} at step ${step}`,
    fix: `Lower the learning rate (${learningRate} at that step) or alpha, or look at the model with \`rvpt inspect\`.`,
  });
}
