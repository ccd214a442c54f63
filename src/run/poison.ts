import { rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

import { MANIFEST_FILE, type PoisonManifest, type PoisonRecord } from '../attack/poison/manifest.js';
import {
  preparePoison,
  trainPoisoned,
  type PoisonOptions,
  type PreparedPoison,
} from '../attack/poison/poison-model.js';
import type { WritableFloat } from '../checkpoint/stream-safetensors.js';
import { InputError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import type { LoadedClip } from '../node/load-clip.js';
import type { OpenedTrigger } from '../node/open-trigger.js';
import { sha256 } from '../node/sha256.js';
import type { Runtime } from '../runtime/session.js';
import { claimFolder, refuseForeign } from './claim-folder.js';
import { History, readHistory } from './history.js';
import { FolderLock } from './lock.js';
import { currentVersions, jsonDifferences, sha256OfJson } from './provenance.js';
import { readJson, readOrUndefined, writeJson } from './run-files.js';
import { SaveSchedule } from './save-schedule.js';
import { versionsSchema } from './schema.js';
import { readState, writeState } from './training-state.js';
import { writePoisonedModel } from './write-poisoned-model.js';

/** What `poison` does to which model. */
export interface PoisonRunOptions extends Omit<
  PoisonOptions,
  'model' | 'trigger' | 'triggerSeed' | 'triggerFiles' | 'sha256'
> {
  readonly clip: LoadedClip;
  readonly trigger: OpenedTrigger;
  readonly runtime: Runtime;
  /** The model folder to write. */
  readonly out: string;
  /** Go on with the poisoning that is in the folder. */
  readonly resume?: boolean;
  /** What the weights are written as; float32 by default. */
  readonly float?: WritableFloat;
  /** Seconds between two saved states; 300 by default. A state is three times the model. */
  readonly saveEvery?: number;
  /** Told what is decided before training begins. @internal */
  readonly onPrepared?: (prepared: PreparedPoison) => void;
  /** Told a sentence for a person. */
  readonly note?: (line: string) => void;
}

/** A poisoning that is done. */
export interface PoisonResult {
  /** The model folder. */
  readonly model: string;
  readonly manifest: PoisonManifest;
  readonly steps: number;
  /** Wall time of this process. */
  readonly seconds: number;
  /** Images a second over the steps of this process; 0 when nothing was left to do. */
  readonly imagesPerSecond: number;
  /** Mean over the last epoch. */
  readonly loss: number;
  /** Share of backdoor pairs in a batch, in [0, 1]: least, mean and most over all steps. */
  readonly poisonedShare: { readonly least: number; readonly mean: number; readonly most: number };
}

/** Of these the manifest and the history stay; the others are gone when the model is whole. */
const files = {
  record: 'poisoning.json',
  state: 'state.safetensors',
  history: 'history.jsonl',
  manifest: MANIFEST_FILE,
} as const;

const identitySchema = z.record(z.string(), z.json());

const recordSchema = z.object({
  format: z.literal('rvpt-poisoning-1'),
  created: z.iso.datetime(),
  /** What decides the result. */
  identity: identitySchema,
  versions: versionsSchema,
});

const entrySchema = z.object({
  /** Optimiser steps done, counted from 1. */
  step: z.int().positive(),
  epoch: z.int().nonnegative(),
  loss: z.number(),
  learning_rate: z.number().nonnegative(),
  /** Share of the batch that carries the whole backdoor. */
  poisoned: z.number().min(0).max(1),
});
type Entry = z.output<typeof entrySchema>;

/**
 * Fine-tunes a CLIP on partly poisoned pairs and writes it as a model folder, with `manifest.json` (how it was poisoned)
 * and `history.jsonl` beside it. Killed at any moment, it goes on with `resume` to the same bits.
 * @throws InputError for anything a person can mend: what `preparePoison` finds, another model in the folder, the disk
 */
export async function poison(options: PoisonRunOptions): Promise<PoisonResult> {
  const { clip, trigger, runtime, out, resume = false, seed = 0, note = () => undefined } = options;
  const operation = `write a poisoned model to ${out}`;
  const started = await readJson(path.join(out, files.record), recordSchema);
  await refuseUnwanted(operation, out, started?.created, resume);
  await refuseForeign(operation, out, files.record);
  const model = { weights: clip.weights, tokenizer: clip.tokenizer, preprocess: clip.preprocess, sha256: clip.sha256 };
  const prepared = await preparePoison({
    ...options,
    model,
    trigger: trigger.trigger,
    triggerFiles: trigger.files,
    ...(trigger.seed === undefined ? {} : { triggerSeed: trigger.seed }),
    sha256,
  });
  options.onPrepared?.(prepared);

  const identity = identityOf(prepared.record);
  await claimFolder(operation, out, files.record);
  const lock = await FolderLock.acquire(out);
  try {
    if (started === undefined) {
      const created = new Date().toISOString();
      const versions = { ...currentVersions() };
      await writeJson(path.join(out, files.record), { format: 'rvpt-poisoning-1', created, identity, versions });
    } else {
      refuseOther(operation, jsonDifferences(started.identity, identity));
    }
    const stateFile = path.join(out, files.state);
    const hash = sha256OfJson(identity);
    await using history = new History(path.join(out, files.history), entrySchema);
    const from = await readState(stateFile, hash);
    await history.truncateTo(from?.step ?? 0);
    const { stepsPerEpoch, epochs } = prepared.schedule;
    const steps = stepsPerEpoch * epochs;
    if (from !== undefined) note(`going on after step ${from.step} of ${steps}`);

    const saving = new SaveSchedule(options.saveEvery ?? 300);
    const began = performance.now();
    const weights = await trainPoisoned(prepared, {
      ...options,
      model,
      runtime,
      seed,
      from,
      onStep: async ({ step, epoch, loss, learningRate, poisoned }, _endOfEpoch, state) => {
        // keys in the order of the schema, as a history that was cut back has them
        await history.append({ step, epoch, loss, learning_rate: learningRate, poisoned });
        if (!saving.due(false)) return;
        await history.sync();
        await writeState(stateFile, state(), hash);
      },
    });
    const seconds = (performance.now() - began) / 1000;
    await history.sync();
    const { float = 'float32' } = options;
    const manifest = await writePoisonedModel(out, { weights, record: prepared.record, base: clip, trigger, float });
    await rm(stateFile, { force: true });
    await rm(path.join(out, files.record), { force: true });
    const done = steps - (from?.step ?? 0);
    return {
      model: out,
      manifest,
      steps,
      seconds,
      imagesPerSecond: (done * prepared.settings.batch) / seconds,
      ...summary(await readHistory(path.join(out, files.history), entrySchema)),
    };
  } finally {
    await lock.release();
  }
}

/** What decides the result, wherever the data lies; the poisoned pairs by their hash, as there may be many. */
function identityOf({ poisoned, data, ...record }: PoisonRecord): JsonObject {
  const text = JSON.stringify({ ...record, 'data.sha256': data.sha256, poisoned: sha256OfJson(poisoned) });
  return identitySchema.parse(JSON.parse(text)); // settings that are not set are gone
}

/** @param begun when the poisoning in the folder was started, if there is one */
async function refuseUnwanted(
  operation: string,
  out: string,
  begun: string | undefined,
  resume: boolean,
): Promise<void> {
  const refuse = (received: string, fix: string): InputError =>
    new InputError({ code: 'usage', operation, expected: 'a new or empty folder', received, fix });
  if ((await readOrUndefined(path.join(out, files.manifest))) !== undefined) {
    throw refuse('one that holds a poisoned model', 'Choose another folder.');
  }
  if (begun === undefined || resume) return;
  throw refuse(
    `one that holds a poisoning begun at ${begun}`,
    'Add --resume to go on with it, or choose another folder.',
  );
}

function refuseOther(operation: string, differences: readonly string[]): void {
  if (differences.length === 0) return;
  throw new InputError({
    code: 'mismatch',
    operation,
    expected: 'the poisoning that was begun there',
    received: 'another',
    fix: `\n  ${differences.join('\n  ')}\nResume with the same settings, or choose another folder.`,
  });
}

function summary(entries: readonly Entry[]): Pick<PoisonResult, 'loss' | 'poisonedShare'> {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const last = entries.at(-1)?.epoch;
  const shares = entries.map(({ poisoned }) => poisoned);
  const least = shares.reduce((a, b) => Math.min(a, b), 1);
  const most = shares.reduce((a, b) => Math.max(a, b), 0);
  return {
    loss: mean(entries.filter(({ epoch }) => epoch === last).map(({ loss }) => loss)),
    poisonedShare: { least, mean: mean(shares), most },
  };
}
