import { silentProgress, type Progress } from '../core/progress.js';
import { classPrompts, defaultTemplate } from '../data/class-prompts.js';
import { chooseFewShot } from '../data/few-shot.js';
import type { Preprocess } from '../data/preprocess.js';
import type { Dataset, Sample } from '../data/sample.js';
import type { Method } from '../defense/prompt-methods.js';
import { MemoryFeatureStore } from '../defense/feature-store.js';
import { planTuning, type TuningPlan } from '../defense/plan.js';
import { tuneVisualPrompts, type StepReport, type TuneOptions } from '../defense/tune-prompts.js';
import {
  presetFor,
  tuningSettings,
  type GivenTuning,
  type TuningPreset,
  type TuningSettings,
} from '../defense/tuning-settings.js';
import type { VisualPrompts } from '../inference/fold-prompts.js';
import { classTextFeatures } from '../inference/text-features.js';
import { defaultMaxPixels, type DecoderOptions } from '../node/decode-image.js';
import type { LoadedClip } from '../node/load-clip.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import type { Runtime } from '../runtime/session.js';
import { trainingImages } from './training-images.js';

/** What `tunePrompts` tunes, on what. */
export interface TunePromptsOptions {
  readonly clip: LoadedClip;
  readonly dataset: Dataset;
  /** Images of `dataset` to tune on; by default 16 a class, drawn by the seed. */
  readonly samples?: readonly Sample[];
  /** By default `rvpt`; `vpt` is the control without the repelling term. */
  readonly method?: Method;
  /** Where settings that are left out come from; by default the one that suits the model, see `presetFor`. */
  readonly preset?: TuningPreset;
  /** Those left out are the preset's. */
  readonly settings?: GivenTuning;
  /** Class prompt templates with `{class}`, several make an ensemble; by default the data set's own, else CLIP's. */
  readonly templates?: readonly string[];
  /** Of the choice of images, their order, their augmentation and the initial prompts; 0 by default. */
  readonly seed?: number;
  /** By default onnxruntime on the CPU. */
  readonly runtime?: Runtime;
  /** How images are decoded. */
  readonly decoding?: Pick<DecoderOptions, 'maxPixels' | 'exifRotation'>;
  /** By default the model's own. */
  readonly preprocess?: Preprocess;
  readonly progress?: Progress;
  /** Stops between two steps: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told the plan before anything is computed. */
  readonly onPlan?: (plan: TuningPlan) => void;
  /** Told of every step when it is done. */
  readonly onStep?: (step: StepReport) => void;
}

/** A tuning with every default filled in. */
export interface Tuning extends TunePromptsOptions {
  readonly samples: readonly Sample[];
  readonly method: Method;
  readonly settings: TuningSettings;
  readonly templates: readonly string[];
  readonly seed: number;
  readonly runtime: Runtime;
  readonly decoding: Required<Pick<DecoderOptions, 'maxPixels' | 'exifRotation'>>;
  readonly preprocess: Preprocess;
  readonly progress: Progress;
  readonly plan: TuningPlan;
}

/** Tuned prompts, and how they came about. */
export interface TuningResult {
  /** By block, each [b, W]. */
  readonly prompts: VisualPrompts;
  /** The losses of every step, in order. */
  readonly steps: readonly StepReport[];
  readonly plan: TuningPlan;
  /** As they were used, those of the preset filled in. */
  readonly settings: TuningSettings;
}

/** The paper's: 16 images a class. */
const DEFAULT_SHOTS = 16;

/**
 * Tunes visual prompts for a model on labelled images, in memory: `defend` writes a run folder as well, and can go on
 * where it was stopped. Features of the frozen model are kept in memory too, `plan.cacheBytes` of them; with the setting
 * `views: 0` they are computed anew every epoch instead.
 *
 * The same seed, settings, images and number of threads give the same bits.
 * @throws InputError (`usage`) when settings do not fit, each other or the model; (`data`) when there are too few images,
 * one cannot be decoded, or the loss is no longer finite
 */
export async function tunePrompts(options: TunePromptsOptions): Promise<TuningResult> {
  const tuning = prepareTuning(options);
  const steps: StepReport[] = [];
  const prompts = await runTuning(tuning, {
    openStore: () => Promise.resolve(new MemoryFeatureStore()),
    onStep: (step) => {
      steps.push(step);
      return Promise.resolve();
    },
  });
  return { prompts, steps, plan: tuning.plan, settings: tuning.settings };
}

/** Fills in the defaults and tells the plan; computes nothing. @throws InputError when settings or images do not fit */
export function prepareTuning(options: TunePromptsOptions): Tuning {
  const { clip, dataset, seed = 0, method = 'rvpt', runtime = new OnnxRuntime() } = options;
  const samples = options.samples ?? chooseFewShot(dataset, { shots: DEFAULT_SHOTS, seed }).train;
  const settings = tuningSettings(options.settings, options.preset ?? presetFor(clip.weights.architecture));
  const plan = planTuning(clip.weights, method, settings, samples.length, dataset.classNames.length, runtime.lanes);
  options.onPlan?.(plan);
  return {
    templates: dataset.templates ?? [defaultTemplate],
    preprocess: clip.preprocess,
    progress: silentProgress,
    ...options,
    samples,
    method,
    settings,
    seed,
    runtime,
    decoding: { maxPixels: defaultMaxPixels, exifRotation: true, ...options.decoding },
    plan,
  };
}

/** Tunes. @param keeping where features are kept, where to go on from, and what is told of each step */
export async function runTuning(
  tuning: Tuning,
  { openStore, from, onStep }: Pick<TuneOptions, 'openStore' | 'from' | 'onStep'>,
): Promise<VisualPrompts> {
  const { clip, dataset, templates, runtime, method, settings, plan, seed, progress, signal } = tuning;
  const prompts = classPrompts(dataset.classNames, templates);
  return tuneVisualPrompts({
    runtime,
    weights: clip.weights,
    textFeatures: await classTextFeatures(runtime, clip.weights, clip.tokenizer, prompts, tuning),
    images: trainingImages({ ...tuning, augmentation: settings.augmentation }),
    method,
    settings,
    plan,
    seed,
    openStore,
    from,
    progress,
    signal,
    onStep: async (step, endOfEpoch, state) => {
      await onStep?.(step, endOfEpoch, state);
      tuning.onStep?.(step);
    },
  });
}
