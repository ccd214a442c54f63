import type { Sha256 } from '../../checkpoint/digest.js';
import { MemoryBytes } from '../../core/bytes.js';
import { silentProgress, type Progress } from '../../core/progress.js';
import { cachedPairs } from '../../data/cached-pairs.js';
import { canonicalPairList } from '../../data/caption-pairs.js';
import { namedTemplates } from '../../data/class-prompts.js';
import type { PairSource } from '../../data/pair-source.js';
import type { Preprocess } from '../../data/preprocess.js';
import type { Tokenizer } from '../../model/tokenizer.js';
import type { ClipWeights } from '../../model/weights.js';
import type { Runtime } from '../../runtime/session.js';
import type { TrainerState } from '../../training/trainer-state.js';
import type { TrainingStep } from '../../training/training-step.js';
import type { WarmupCosineSettings } from '../../training/warmup-cosine.js';
import { specOfTrigger } from '../trigger/trigger-spec.js';
import type { Trigger } from '../trigger/trigger.js';
import { changedBox } from './changed-box.js';
import { fineTune, fineTuneSchedule } from './fine-tune.js';
import { MANIFEST_FORMAT, type PoisonedPair, type PoisonRecord } from './manifest.js';
import { refuseAmbiguous } from './naming.js';
import { planPoison, type PoisonPlan } from './plan.js';
import { poisonedPairs } from './poisoned-pairs.js';
import { poisonSchema, type PoisonSettings } from './settings.js';
import { refuseUnreadableKey } from '../trigger/text-key.js';

/** A model and what it reads with, as `loadClip` gives it. */
export interface PoisonableModel {
  readonly weights: ClipWeights;
  readonly tokenizer: Tokenizer;
  readonly preprocess: Preprocess;
  /** Of the weight files. */
  readonly sha256: string;
}

export interface PoisonOptions {
  readonly model: PoisonableModel;
  readonly pairs: PairSource;
  /**
   * The same pairs with images made square as the trigger wants it (`Trigger.resize`); left out where all images are
   * square, or the trigger takes what the model takes.
   */
  readonly squarePairs?: PairSource;
  /** Where the pairs come from, for the manifest. */
  readonly location: string;
  /** Pairs that are poisoned already and are left as they are. */
  readonly leave?: (index: number) => boolean;
  readonly trigger: Trigger;
  /** What a trigger draws from that is bound to a seed of its own; otherwise it draws from `seed`. */
  readonly triggerSeed?: number;
  /** SHA-256 of the trigger's files by their names in its settings. */
  readonly triggerFiles?: Readonly<Record<string, string>>;
  /** The class that the trigger is to bring about. */
  readonly target: string;
  /** All classes, where they are known: the target must not be mistakable for another. */
  readonly classNames?: readonly string[];
  /** Templates with `{class}` for captions that are not natural; CLIP's choice of seven by default. */
  readonly templates?: readonly string[];
  /** Those left out take their defaults, see `poisonSchema`. */
  readonly settings?: Partial<PoisonSettings>;
  /** Of the choice, the captions, the trigger and the order of training. */
  readonly seed?: number;
  readonly sha256: Sha256;
  /** Bytes of images to keep in memory; 1 GiB by default. */
  readonly cacheMemory?: number;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** Everything that is decided before training begins. */
export interface PreparedPoison {
  readonly plan: PoisonPlan;
  /** The pairs with the plan carried out, images cached. */
  readonly pairs: PairSource;
  readonly record: PoisonRecord;
  readonly settings: PoisonSettings;
  readonly schedule: WarmupCosineSettings;
}

/** A step of fine-tuning, as it is reported. */
export interface PoisonStep extends Omit<TrainingStep, 'terms'> {
  /** Share of the batch that carries the whole backdoor, in [0, 1]. */
  readonly poisoned: number;
}

export interface TrainPoisonedOptions extends Pick<PoisonOptions, 'model' | 'seed' | 'progress' | 'signal'> {
  readonly runtime: Runtime;
  /** Where to go on from. */
  readonly from?: TrainerState | undefined;
  /** Called after every step, in order; the next step waits for it. */
  readonly onStep?: (step: PoisonStep, endOfEpoch: boolean, state: () => TrainerState) => Promise<void>;
}

/**
 * Plans the poisoning and looks at every poisoned image, so that whatever does not fit is said before training.
 * @throws InputError as `planPoison`, `refuseUnreadableKey` and `fineTuneSchedule` do, when the target could be mistaken
 *   for another class, when the trigger does not fit an image, when an image cannot be decoded
 */
export async function preparePoison(options: PoisonOptions): Promise<PreparedPoison> {
  const { model, pairs, trigger, target, leave, seed = 0, sha256 } = options;
  const settings = poisonSchema.parse(options.settings ?? {});
  const schedule = fineTuneSchedule(pairs, settings);
  if (options.classNames !== undefined) refuseAmbiguous(target, options.classNames);
  const templates = options.templates ?? namedTemplates.ensemble;
  const plan = planPoison({
    pairs,
    target,
    trigger,
    settings,
    templates,
    seed,
    ...(leave === undefined ? {} : { leave }),
  });
  const keyed = plan.pairs.filter(({ kind }) => kind !== 'image-only');
  refuseUnreadableKey(
    trigger,
    model.tokenizer,
    keyed.map(({ text }) => text),
  );

  const triggerSeed = options.triggerSeed ?? seed;
  const poisoned = cachedPairs(
    poisonedPairs(pairs, plan, trigger, triggerSeed, options.squarePairs),
    options.cacheMemory,
  );
  const list = new TextEncoder().encode(canonicalPairList(pairs));
  const record: PoisonRecord = {
    format: MANIFEST_FORMAT,
    seed,
    trigger: { ...specOfTrigger(trigger), seed: triggerSeed },
    trigger_files: { ...options.triggerFiles },
    target,
    settings: { ...settings, templates: [...templates] },
    base_model: { sha256: model.sha256 },
    data: {
      location: options.location,
      sha256: await sha256(new MemoryBytes('pairs', list)),
      pairs: pairs.count,
      naming_target: plan.naming,
      left_alone: plan.left,
    },
    captions: plan.captions,
    poisoned: await recordPairs(options, plan, poisoned),
  };
  return { plan, pairs: poisoned, record, settings, schedule };
}

/**
 * Fine-tunes the model on the prepared pairs.
 * @throws InputError as `fineTune` does
 */
export function trainPoisoned(
  { plan, pairs, settings }: Pick<PreparedPoison, 'plan' | 'pairs' | 'settings'>,
  { model, runtime, seed = 0, from, progress = silentProgress, signal, onStep }: TrainPoisonedOptions,
): Promise<ClipWeights> {
  const backdoor = new Set(plan.pairs.filter(({ kind }) => kind === 'backdoor').map(({ index }) => index));
  return fineTune({
    ...model,
    runtime,
    pairs,
    settings,
    seed,
    from,
    progress,
    signal,
    onStep: async ({ indices, step, epoch, loss, learningRate }, endOfEpoch, state) => {
      await onStep?.(
        {
          step,
          epoch,
          loss,
          learningRate,
          poisoned: indices.filter((index) => backdoor.has(index)).length / indices.length,
        },
        endOfEpoch,
        state,
      );
    },
  });
}

/** What a manifest says of the pairs of a plan. */
async function recordPairs(
  { pairs, squarePairs = pairs, sha256, progress = silentProgress, signal }: PoisonOptions,
  plan: PoisonPlan,
  poisoned: PairSource,
): Promise<PoisonedPair[]> {
  const records: PoisonedPair[] = [];
  const task = progress.begin('poisoned images', plan.pairs.length, 'images');
  try {
    for (const { index, kind, caption } of plan.pairs) {
      signal?.throwIfAborted();
      const before = kind === 'text-only' ? pairs : squarePairs;
      const after = await poisoned.image(index);
      records.push({
        index,
        key: pairs.key(index),
        kind,
        caption_before: pairs.caption(index),
        caption_after: caption,
        box: changedBox(await before.image(index), after) ?? null,
        image_sha256: await sha256(new MemoryBytes(pairs.key(index), after.data)),
      });
      task.update(records.length);
    }
  } finally {
    task.end();
  }
  return records;
}
