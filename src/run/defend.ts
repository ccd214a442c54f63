import path from 'node:path';
import { z } from 'zod';

import type { JsonObject } from '../core/json.js';
import { canonicalDataList } from '../data/dataset.js';
import { toSampleList } from '../data/few-shot.js';
import { MemoryFeatureStore, type FeatureStore } from '../defense/feature-store.js';
import { featureRow, rowSize } from '../defense/features.js';
import type { TuningPlan } from '../defense/plan.js';
import { encodePrompts } from '../defense/prompts-file.js';
import type { SgdState } from '../training/sgd-state.js';
import type { TuningSettings } from '../defense/tuning-settings.js';
import type { VisualPrompts } from '../inference/fold-prompts.js';
import { FileFeatureStore } from '../node/file-feature-store.js';
import type { Tensor } from '../tensor/tensor.js';
import { readHistory } from './history.js';
import { currentVersions, sha256OfText } from './provenance.js';
import { readJson } from './run-files.js';
import { RunFolder } from './run-folder.js';
import { SaveSchedule } from './save-schedule.js';
import { promptHistoryEntrySchema, type PromptHistoryEntry } from './schema.js';
import { prepareTuning, runTuning, type TunePromptsOptions, type Tuning } from './tune-prompts.js';

/** What `defend` tunes, and where it keeps it. */
export interface DefendOptions extends TunePromptsOptions {
  /** The run folder. */
  readonly out: string;
  /** Go on with the run that is in the folder. */
  readonly resume?: boolean;
  /** Cached features beyond this many bytes are kept in a file in the run folder; 2 GiB by default. */
  readonly cacheMemory?: number;
  /** Seconds between two saved states within an epoch; 30 by default. */
  readonly saveEvery?: number;
  /** Told, after the first steps, how many seconds the rest will take. */
  readonly onPace?: (secondsLeft: number) => void;
  /** Told a sentence for a person. */
  readonly note?: (line: string) => void;
}

/** A run that is done. */
export interface DefendResult {
  /** The run folder. */
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

/** Steps after which the time that is left can be told. */
const STEPS_TO_JUDGE_BY = 3;

/**
 * Tunes visual prompts for a model on labelled images and writes the run folder: config, samples, history, prompts,
 * metrics. Killed at any moment, it goes on with `resume` to the same bits.
 * @throws InputError for anything a person can mend: settings, data, disk, another run in the folder
 */
export async function defend(options: DefendOptions): Promise<DefendResult> {
  const { resume = false, saveEvery = 30, onPace, note = () => undefined } = options;
  const tuning = prepareTuning(options);
  const { clip, runtime, dataset, samples, preprocess, settings, method, seed, plan } = tuning;
  const chosen = { ...dataset, samples };
  await using folder = await RunFolder.create(
    options.out,
    {
      format: 'rvpt-run-1',
      created: new Date().toISOString(),
      method,
      settings: {
        ...definedOnly(settings),
        templates: [...tuning.templates],
        preprocess: { ...preprocess, mean: [...preprocess.mean], std: [...preprocess.std] },
        decoding: { ...tuning.decoding },
      },
      seed,
      execution: { runtime: runtime.description, part: plan.part, lanes: plan.lanes },
      model: { path: clip.path, sha256: clip.sha256, origin: clip.origin },
      data: {
        path: dataset.source.location,
        sha256: sha256OfText(canonicalDataList(chosen)),
        origin: dataset.source.origin,
      },
      versions: currentVersions(),
    },
    { resume },
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
  const saving = new SaveSchedule(saveEvery);
  let firstStep: { readonly at: number; readonly step: number } | undefined;
  const prompts = await runTuning(tuning, {
    openStore: () => openStore(tuning, folder.path, options.cacheMemory),
    from,
    onStep: async ({ step, epoch, loss, ce, fr, learningRate }, endOfEpoch, state) => {
      firstStep ??= { at: performance.now(), step };
      await folder.history.append({ step, epoch, loss, ce, fr, learning_rate: learningRate });
      if (step === firstStep.step + STEPS_TO_JUDGE_BY) {
        const perStep = (performance.now() - firstStep.at) / STEPS_TO_JUDGE_BY;
        onPace?.((perStep * (plan.steps - step)) / 1000);
      }
      if (saving.due(endOfEpoch)) await folder.saveState(state());
    },
  });
  const ended = performance.now();

  const { model } = folder.config;
  const metadata = { model: model.sha256, method, alpha: method === 'vpt' ? 0 : settings.alpha };
  await folder.writePrompts(encodePrompts(prompts, clip.weights.architecture.vision.layers, metadata));
  await folder.history.sync();
  const seconds = (ended - started) / 1000;
  const rate = firstStep === undefined ? 0 : imageRate(plan, settings, firstStep, ended);
  const last = lastEpoch(await readHistory(folder.file('history'), promptHistoryEntrySchema));
  await folder.writeMetrics({ steps: plan.steps, seconds, images_per_s: rate, ...last });
  return { run: folder.path, prompts, plan, steps: plan.steps, seconds, imagesPerSecond: rate, ...last };
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
  { tensors }: SgdState,
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

function lastEpoch(history: readonly PromptHistoryEntry[]): { loss: number; ce: number; fr: number } {
  const epoch = history.at(-1)?.epoch;
  const entries = history.filter((entry) => entry.epoch === epoch);
  const mean = (key: 'loss' | 'ce' | 'fr'): number =>
    entries.reduce((sum, entry) => sum + entry[key], 0) / entries.length;
  return { loss: mean('loss'), ce: mean('ce'), fr: mean('fr') };
}

function definedOnly(settings: TuningSettings): JsonObject {
  const { margin, blocks, ...rest } = settings;
  return { ...rest, ...(margin === undefined ? {} : { margin }), ...(blocks === undefined ? {} : { blocks }) };
}

/** Bytes of cached features that are kept in memory. */
const CACHE_MEMORY = 2 * 2 ** 30;

function openStore({ plan, clip, settings }: Tuning, folder: string, memory = CACHE_MEMORY): Promise<FeatureStore> {
  if (plan.cacheBytes <= memory) return Promise.resolve(new MemoryFeatureStore());
  const row = rowSize(featureRow(clip.weights, settings.depth));
  return FileFeatureStore.create(path.join(folder, 'features.cache'), row);
}
