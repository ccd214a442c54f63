import path from 'node:path';
import { z } from 'zod';

import type { JsonObject } from '../core/json.js';
import { silentProgress, type Progress } from '../core/progress.js';
import { augmentations } from '../data/augment.js';
import { classPrompts, defaultTemplate } from '../data/class-prompts.js';
import { canonicalDataList } from '../data/dataset.js';
import { chooseFewShot, toSampleList } from '../data/few-shot.js';
import { ImageLoader } from '../data/loader.js';
import type { Preprocess } from '../data/preprocess.js';
import type { Dataset, Sample } from '../data/sample.js';
import type { Method } from '../defense/defenses.js';
import { MemoryFeatureStore, type FeatureStore } from '../defense/feature-store.js';
import { featureRow, rowSize, type TrainingImages } from '../defense/features.js';
import { planTuning, type TuningPlan } from '../defense/plan.js';
import { encodePrompts } from '../defense/prompts-file.js';
import { tunePrompts, type TuningState } from '../defense/tune-prompts.js';
import {
  presetFor,
  tuningSettings,
  type GivenTuning,
  type TuningPreset,
  type TuningSettings,
} from '../defense/tuning-settings.js';
import type { VisualPrompts } from '../inference/fold-prompts.js';
import { classTextFeatures } from '../inference/text-features.js';
import { defaultMaxPixels, imageDecoder, type DecoderOptions } from '../node/decode-image.js';
import { FileFeatureStore } from '../node/file-feature-store.js';
import type { LoadedClip } from '../node/load-clip.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import type { Runtime } from '../runtime/session.js';
import type { Tensor } from '../tensor/tensor.js';
import { readHistory } from './history.js';
import { currentVersions, sha256OfText } from './provenance.js';
import { readJson } from './run-files.js';
import { RunFolder } from './run-folder.js';
import { SaveSchedule } from './save-schedule.js';
import { historyEntrySchema, type HistoryEntry } from './schema.js';

export interface DefendOptions {
  readonly clip: LoadedClip;
  readonly dataset: Dataset;
  /** The run folder. */
  readonly out: string;
  /** Go on with the run that is in the folder. */
  readonly resume?: boolean;
  /** Images of `dataset` to tune on; by default 16 a class, drawn by the seed. */
  readonly samples?: readonly Sample[];
  readonly method?: Method;
  /** Where settings that are left out come from; by default the one that suits the model, see `presetFor`. */
  readonly preset?: TuningPreset;
  /** Those left out are the preset's. */
  readonly settings?: GivenTuning;
  /** Class prompt templates with `{class}`; several make an ensemble. */
  readonly templates?: readonly string[];
  readonly seed?: number;
  /** By default onnxruntime on the CPU. */
  readonly runtime?: Runtime;
  readonly decoding?: Pick<DecoderOptions, 'maxPixels' | 'exifRotation'>;
  /** By default the model's own. */
  readonly preprocess?: Preprocess;
  /** Cached features beyond this many bytes are kept in a file in the run folder; 2 GiB by default. */
  readonly cacheMemory?: number;
  /** Seconds between two saved states within an epoch; 30 by default. */
  readonly saveEvery?: number;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Told the plan before anything is computed. */
  readonly onPlan?: (plan: TuningPlan) => void;
  /** Told, after the first steps, how many seconds the rest will take. */
  readonly onPace?: (secondsLeft: number) => void;
  /** Told a sentence for a person. */
  readonly note?: (line: string) => void;
}

/** The options with every default filled in. */
type Defending = Omit<Required<DefendOptions>, 'preset' | 'settings' | 'signal' | 'decoding'> &
  Pick<DefendOptions, 'signal'> & {
    readonly settings: TuningSettings;
    readonly decoding: { readonly maxPixels: number; readonly exifRotation: boolean };
  };

function withDefaults(options: DefendOptions): Defending {
  const { clip, dataset, seed = 0 } = options;
  return {
    samples: options.samples ?? chooseFewShot(dataset, { shots: DEFAULT_SHOTS, seed }).train,
    method: 'rvpt',
    templates: [defaultTemplate],
    seed,
    runtime: new OnnxRuntime(),
    preprocess: clip.preprocess,
    resume: false,
    cacheMemory: 2 * 2 ** 30,
    saveEvery: 30,
    progress: silentProgress,
    onPlan: () => undefined,
    onPace: () => undefined,
    note: () => undefined,
    ...options,
    decoding: { maxPixels: defaultMaxPixels, exifRotation: true, ...options.decoding },
    settings: tuningSettings(options.settings, options.preset ?? presetFor(clip.weights.architecture)),
  };
}

export interface DefendResult {
  readonly run: string;
  readonly prompts: VisualPrompts;
  readonly plan: TuningPlan;
  /** Optimiser steps of the whole run. */
  readonly steps: number;
  /** Wall time of this process, features included. */
  readonly seconds: number;
  /** Images that went through tuning steps a second, features not included; 0 when there was nothing left to do. */
  readonly imagesPerSecond: number;
  /** Means over the last epoch. */
  readonly loss: number;
  readonly ce: number;
  readonly fr: number;
}

/** The paper's: 16 images a class. */
const DEFAULT_SHOTS = 16;

/** Steps after which the time that is left can be told. */
const STEPS_TO_JUDGE_BY = 3;

/**
 * Tunes visual prompts for a model on labelled images and writes the run folder: config, samples, history, prompts,
 * metrics. Killed at any moment, it goes on with `resume` to the same bits.
 * @throws InputError for anything a person can mend: settings, data, disk, another run in the folder
 */
export async function defend(given: DefendOptions): Promise<DefendResult> {
  const options = withDefaults(given);
  const { clip, runtime, dataset, samples, preprocess, settings, method, seed, note } = options;
  const plan = planTuning(clip.weights, method, settings, samples.length, dataset.classNames.length, runtime.lanes);
  options.onPlan(plan);
  const chosen = { ...dataset, samples };
  await using folder = await RunFolder.create(
    options.out,
    {
      format: 'rvpt-run-1',
      created: new Date().toISOString(),
      method,
      settings: {
        ...definedOnly(settings),
        templates: [...options.templates],
        preprocess: { ...preprocess, mean: [...preprocess.mean], std: [...preprocess.std] },
        decoding: { ...options.decoding },
      },
      seed,
      execution: { runtime: runtime.description, part: plan.part, lanes: plan.lanes },
      model: { path: clip.path, sha256: clip.sha256 },
      data: { path: dataset.source.location, sha256: sha256OfText(canonicalDataList(chosen)) },
      versions: currentVersions(),
    },
    { resume: options.resume },
  );
  folder.versionChanges.forEach((change) => {
    note(`resuming with another version, the last bits may differ: ${change}`);
  });
  const from = await folder.loadState();
  if (from === undefined) {
    await folder.writeSamples(toSampleList(dataset.classNames, { train: samples, validation: [] }));
  } else {
    const finished = from.step === plan.steps ? await finishedRun(folder, plan, from) : undefined;
    if (finished !== undefined) {
      note('the run is finished already');
      return finished;
    }
    note(`going on after step ${from.step} of ${plan.steps}`);
  }

  const started = performance.now();
  const prompts = classPrompts(dataset.classNames, options.templates);
  const textFeatures = await classTextFeatures(runtime, clip.weights, clip.tokenizer, prompts, options);
  const saving = new SaveSchedule(options.saveEvery);
  let firstStep: { readonly at: number; readonly step: number } | undefined;
  const tuned = await tunePrompts({
    runtime,
    weights: clip.weights,
    textFeatures,
    images: trainingImages(options, samples),
    method,
    settings,
    plan,
    seed,
    openStore: () => openStore(options, plan, folder.path),
    from,
    progress: options.progress,
    signal: options.signal,
    onStep: async ({ step, epoch, loss, ce, fr, learningRate }, endOfEpoch, state) => {
      firstStep ??= { at: performance.now(), step };
      await folder.history.append({ step, epoch, loss, ce, fr, learning_rate: learningRate });
      if (step === firstStep.step + STEPS_TO_JUDGE_BY) {
        const perStep = (performance.now() - firstStep.at) / STEPS_TO_JUDGE_BY;
        options.onPace((perStep * (plan.steps - step)) / 1000);
      }
      if (saving.due(endOfEpoch)) await folder.saveState(state());
    },
  });
  const ended = performance.now();

  const { model } = folder.config;
  const metadata = { model: model.sha256, method, alpha: method === 'vpt' ? 0 : settings.alpha };
  await folder.writePrompts(encodePrompts(tuned, clip.weights.architecture.vision.layers, metadata));
  await folder.history.sync();
  const seconds = (ended - started) / 1000;
  const rate = firstStep === undefined ? 0 : imageRate(plan, settings, firstStep, ended);
  const last = lastEpoch(await readHistory(folder.file('history'), historyEntrySchema));
  await folder.writeMetrics({ steps: plan.steps, seconds, images_per_s: rate, ...last });
  return { run: folder.path, prompts: tuned, plan, steps: plan.steps, seconds, imagesPerSecond: rate, ...last };
}

const tuningMetricsSchema = z.object({
  steps: z.int(),
  seconds: z.number(),
  images_per_s: z.number(),
  loss: z.number(),
  ce: z.number(),
  fr: z.number(),
});

/** What a run came to that has taken all its steps; undefined when it was killed before it was written down. */
async function finishedRun(
  folder: RunFolder,
  plan: TuningPlan,
  { tensors }: TuningState,
): Promise<DefendResult | undefined> {
  const metrics = await readJson(folder.file('metrics'), tuningMetricsSchema);
  if (metrics === undefined) return undefined;
  const prompts = new Map<number, Tensor>();
  for (const [name, tensor] of tensors) {
    const block = /^prompts\.(\d+)$/.exec(name);
    if (block !== null) prompts.set(Number(block[1]), tensor);
  }
  const { images_per_s: imagesPerSecond, ...rest } = metrics;
  return { run: folder.path, prompts, plan, imagesPerSecond, ...rest };
}

function imageRate(
  plan: TuningPlan,
  settings: TuningSettings,
  first: { readonly at: number; readonly step: number },
  ended: number,
): number {
  const steps = plan.steps - first.step;
  if (steps === 0) return 0;
  return (steps * plan.imagesPerEpoch * 1000) / plan.stepsPerEpoch / (ended - first.at);
}

function lastEpoch(history: readonly HistoryEntry[]): { loss: number; ce: number; fr: number } {
  const epoch = history.at(-1)?.epoch;
  const entries = history.filter((entry) => entry.epoch === epoch);
  const mean = (key: 'loss' | 'ce' | 'fr'): number =>
    entries.reduce((sum, entry) => sum + entry[key], 0) / entries.length;
  return { loss: mean('loss'), ce: mean('ce'), fr: mean('fr') };
}

function definedOnly(settings: TuningSettings): JsonObject {
  const { margin, ...rest } = settings;
  return margin === undefined ? rest : { ...rest, margin };
}

function trainingImages(options: Defending, samples: readonly Sample[]): TrainingImages {
  const { dataset, preprocess, settings, seed } = options;
  const decode = imageDecoder(options.decoding);
  const augment = augmentations[settings.augmentation];
  return {
    labels: samples.map((sample) => sample.label),
    async *load(order, view, batch) {
      const loader = new ImageLoader({
        images: dataset.images,
        samples: order.map((index) => samples[index]),
        decode,
        preprocess,
        crop: (image, sample) => augment(image, preprocess, { seed, imageKey: sample.path, view }),
        ahead: batch,
      });
      for await (const { pixelValues, indices } of loader.batches(batch)) {
        yield { pixelValues, indices: indices.map((index) => order[index]) };
      }
    },
  };
}

function openStore(options: Defending, plan: TuningPlan, folder: string): Promise<FeatureStore> {
  if (plan.cacheBytes <= options.cacheMemory) return Promise.resolve(new MemoryFeatureStore());
  const row = rowSize(featureRow(options.clip.weights, options.settings.depth));
  return FileFeatureStore.create(path.join(folder, 'features.cache'), row);
}
