import { z } from 'zod';

import { jsonObjectOf } from '../core/json.js';
import { silentProgress, type Progress } from '../core/progress.js';
import { canonicalPairList } from '../data/caption-pairs.js';
import { classPrompts } from '../data/class-prompts.js';
import { canonicalDataList } from '../data/dataset.js';
import { toSampleList } from '../data/few-shot.js';
import type { PairSource } from '../data/pair-source.js';
import type { Preprocess } from '../data/preprocess.js';
import type { Dataset, Sample } from '../data/sample.js';
import type { Defended, Defense, DefenseInput } from '../defense/defense.js';
import { classTextFeatures } from '../inference/text-features.js';
import type { DecoderOptions } from '../node/decode-image.js';
import type { LoadedClip } from '../node/load-clip.js';
import type { Runtime } from '../runtime/session.js';
import { readDefendedModel, writeDefendedModel } from './defended-model.js';
import { currentVersions, sha256OfText } from './provenance.js';
import { readJson } from './run-files.js';
import { RunFolder } from './run-folder.js';
import { SaveSchedule } from './save-schedule.js';
import { trainingImages } from './training-images.js';

/** What a defense is run on. */
export interface DefenseSource {
  readonly clip: LoadedClip;
  readonly runtime: Runtime;
  readonly dataset: Dataset;
  /** Images of `dataset` to learn from; none for a defense that needs none. */
  readonly samples: readonly Sample[];
  /** Class prompt templates. */
  readonly templates: readonly string[];
  /** Clean pairs, for a defense that needs them. */
  readonly pairs?: PairSource;
  readonly preprocess: Preprocess;
  readonly decoding?: DecoderOptions;
  readonly seed: number;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** What `runDefense` runs, and where it keeps it. */
export interface RunDefenseOptions extends DefenseSource {
  readonly defense: Defense;
  /** The run folder. */
  readonly out: string;
  /** Go on with the run that is in the folder. */
  readonly resume?: boolean;
  /** Seconds between two saved states; 30 by default. */
  readonly saveEvery?: number;
  /** Told a sentence for a person. */
  readonly note?: (line: string) => void;
}

const metricsSchema = z.object({
  steps: z.int().nonnegative(),
  seconds: z.number().nonnegative(),
  trainable_parameters: z.int().nonnegative(),
  /** Images, or pairs, that it learnt from. */
  samples: z.int().nonnegative(),
});

/** A defense that was run. */
export interface RunDefenseResult extends z.output<typeof metricsSchema> {
  /** The run folder. */
  readonly run: string;
}

/** Runs a defense in memory. @throws what the defense throws */
export async function applyDefense(
  defense: Defense,
  source: DefenseSource,
  hooks: Pick<DefenseInput, 'from' | 'onStep'> = {},
): Promise<Defended> {
  const { clip, dataset, samples, templates, runtime, decoding, preprocess, seed, progress = silentProgress } = source;
  const { weights, tokenizer } = clip;
  const prompts = classPrompts(dataset.classNames, templates);
  const quiet = { progress, ...(source.signal === undefined ? {} : { signal: source.signal }) };
  return defense.run({
    ...quiet,
    ...hooks,
    ...{ runtime, weights, tokenizer, preprocess, seed },
    textFeatures: await classTextFeatures(runtime, weights, tokenizer, prompts, quiet),
    images: (augmentation) =>
      trainingImages({
        ...{ dataset, samples, preprocess, augmentation, seed },
        ...(decoding === undefined ? {} : { decoding }),
      }),
    ...(source.pairs === undefined ? {} : { pairs: source.pairs }),
  });
}

/**
 * Runs a defense of the table and writes the run folder: config, samples, history, what it made, metrics. Killed at any
 * moment, it goes on with `resume` to the same bits.
 * @throws InputError for anything a person can mend: settings, data, disk, another run in the folder
 */
export async function runDefense(options: RunDefenseOptions): Promise<RunDefenseResult> {
  const { clip, defense, dataset, samples, preprocess, templates, pairs, seed, runtime } = options;
  const { resume = false, note = () => undefined } = options;
  defense.refuseUnfit?.(clip.weights.architecture);
  await using folder = await RunFolder.create(
    options.out,
    {
      format: 'rvpt-run-1',
      created: new Date().toISOString(),
      method: defense.name,
      settings: {
        ...jsonObjectOf(defense.settings),
        templates: [...templates],
        preprocess: { ...preprocess, mean: [...preprocess.mean], std: [...preprocess.std] },
        ...(defense.needs === 'pairs' && pairs !== undefined ? { pairs: digestOf(pairs) } : {}),
      },
      seed,
      execution: { runtime: runtime.description },
      model: { path: clip.path, sha256: clip.sha256, origin: clip.origin },
      data: {
        path: dataset.source.location,
        sha256: sha256OfText(canonicalDataList({ ...dataset, samples })),
        origin: dataset.source.origin,
      },
      versions: currentVersions(),
    },
    { resume },
  );
  const known = await readJson(folder.file('metrics'), metricsSchema);
  if (known !== undefined) {
    // what is there is read once, so that a damaged run is told now and not when it is used
    const stored = await readDefendedModel(folder.path, clip);
    await stored?.[Symbol.asyncDispose]();
    note('the run is finished already');
    return { run: folder.path, ...known };
  }
  const from = await folder.loadState();
  if (from !== undefined) note(`going on after step ${from.step}`);
  if (samples.length > 0) {
    await folder.writeSamples(toSampleList(dataset.classNames, { train: samples, validation: [] }));
  }

  const saving = new SaveSchedule(options.saveEvery ?? 30);
  const started = performance.now();
  const { model, steps, trainableParameters } = await applyDefense(defense, options, {
    ...(from === undefined ? {} : { from }),
    onStep: async ({ step, epoch, loss, learningRate, terms: { ce, fr } = {} }, state) => {
      const parts = { ...(ce === undefined ? {} : { ce }), ...(fr === undefined ? {} : { fr }) };
      await folder.history.append({ step, epoch, loss, ...parts, learning_rate: learningRate });
      if (saving.due(false)) await folder.saveState(state());
    },
  });
  const seconds = (performance.now() - started) / 1000;
  await folder.history.sync();
  const { alpha } = defense.settings;
  await writeDefendedModel(folder.path, model, clip, {
    method: defense.name,
    ...(typeof alpha === 'number' ? { alpha } : {}),
  });
  const learntFrom = { nothing: 0, images: samples.length, pairs: pairs?.count ?? 0 }[defense.needs];
  const metrics = { steps, seconds, trainable_parameters: trainableParameters, samples: learntFrom };
  await folder.writeMetrics(metrics);
  return { run: folder.path, ...metrics };
}

/** Tells pairs from others, wherever they lie. */
function digestOf(pairs: PairSource): { count: number; sha256: string } {
  return { count: pairs.count, sha256: sha256OfText(canonicalPairList(pairs)) };
}
