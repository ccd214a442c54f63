import { rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

import { InputError } from '../core/errors.js';
import { jsonObjectOf, type JsonObject } from '../core/json.js';
import { silentProgress, type Progress } from '../core/progress.js';
import type { Raster } from '../core/raster.js';
import { clipPreprocess, toPixelValues, type Preprocess } from '../data/preprocess.js';
import { patchCount, type ClipArchitecture } from '../model/architecture.js';
import { tokenizerFromJson } from '../model/tokenizer.js';
import type { Runtime } from '../runtime/session.js';
import { Random } from '../tensor/random.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import { ContrastiveTrainer } from '../training/contrastive-trainer.js';
import { initialWeights } from '../training/initial-weights.js';
import { keptPatchCount, pretrainingArchitecture, type PretrainingSettings } from '../training/pretraining-settings.js';
import { restoreState, stateOf } from '../training/trainer-state.js';
import { warmupCosineRate } from '../training/warmup-cosine.js';
import { claimFolder } from './claim-folder.js';
import { History } from './history.js';
import { FolderLock } from './lock.js';
import { currentVersions, sha256OfJson } from './provenance.js';
import { readJson, readOrUndefined, writeJson } from './run-files.js';
import { SaveSchedule } from './save-schedule.js';
import { versionsSchema } from './schema.js';
import { readState, writeState } from './training-state.js';
import { writeModelFolder } from './write-model-folder.js';

/** Image-caption pairs for training from nothing; the same pairs for the same step, always. */
export interface PretrainingPairs {
  /** What the pairs are, for the record: it names everything that decides them. */
  readonly description: JsonObject;
  readonly imageSize: number;
  /** Longest text in tokens, start and end included. */
  readonly contextLength: number;
  /** `tokenizer.json` as a value, and its bytes as they go beside the model. */
  readonly tokenizer: { readonly json: unknown; readonly bytes: Uint8Array; readonly vocabularySize: number };
  batch(step: number, size: number): { readonly images: readonly Raster[]; readonly captions: readonly string[] };
}

export interface PretrainOptions {
  readonly pairs: PretrainingPairs;
  readonly settings: PretrainingSettings;
  readonly seed: number;
  /** The model folder to write. */
  readonly out: string;
  readonly resume?: boolean;
  readonly runtime: Runtime;
  /** Seconds between two saved states. */
  readonly saveEvery?: number;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Told after every step, when it is written down. */
  readonly onStep?: (entry: PretrainingEntry, trainer: ContrastiveTrainer) => Promise<void>;
}

export interface PretrainResult {
  readonly model: string;
  readonly steps: number;
  /** Wall time of this process. */
  readonly seconds: number;
  /** Images a second over the steps of this process; 0 when nothing was left to do. */
  readonly imagesPerSecond: number;
  /** Mean loss over the last hundredth of the steps. */
  readonly loss: number;
}

/** The file beside a pretrained model that says how it came about. */
export const PRETRAINING_RECORD = 'pretraining.json';

const files = { record: PRETRAINING_RECORD, history: 'history.jsonl', state: 'state.safetensors' } as const;

const recordSchema = z.object({
  format: z.literal('rvpt-pretraining-1'),
  created: z.iso.datetime(),
  settings: z.record(z.string(), z.json()),
  seed: z.int(),
  pairs: z.record(z.string(), z.json()),
  versions: versionsSchema,
});

const entrySchema = z.object({
  /** Optimiser steps done, counted from 1. */
  step: z.int().positive(),
  loss: z.number(),
  gradient_norm: z.number().nonnegative(),
  learning_rate: z.number().nonnegative(),
});
export type PretrainingEntry = z.output<typeof entrySchema>;

/**
 * Trains a CLIP from nothing and writes it as a Hugging Face model folder, with `pretraining.json` (settings, seed,
 * versions) and `history.jsonl` beside it. Killed at any moment, it goes on with `resume` to the same bits.
 * @throws InputError (`usage`, `mismatch`, `locked`, `storage`) about settings and folder; (`data`) when the loss is not finite
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainResult> {
  const { pairs, settings, seed, out } = options;
  if (settings.warmupSteps >= settings.steps) {
    throw new InputError({
      code: 'usage',
      operation: 'pretrain',
      expected: `fewer warm-up steps than the ${settings.steps} steps of the run`,
      received: `${settings.warmupSteps}`,
      fix: 'Lower --warmup-steps or raise --steps.',
    });
  }
  const { contextLength, imageSize, tokenizer } = pairs;
  const { vocabularySize } = tokenizer;
  const architecture = pretrainingArchitecture(settings, { imageSize, contextLength, vocabularySize });
  const identity = { settings: jsonObjectOf(settings), seed, pairs: pairs.description };
  const hash = sha256OfJson(identity);
  await claimFolder(`pretrain into ${out}`, out, files.record);
  const lock = await FolderLock.acquire(out);
  try {
    await startOrResume(out, identity, options.resume ?? false);
    return await train(options, architecture, hash);
  } finally {
    await lock.release();
  }
}

/** All of it that happens inside the locked folder. @param hash of what decides the result */
async function train(options: PretrainOptions, architecture: ClipArchitecture, hash: string): Promise<PretrainResult> {
  const { pairs, settings, seed, out, runtime, signal, progress = silentProgress } = options;
  await using history = new History(path.join(out, files.history), entrySchema);

  const { vocabularySize, contextLength } = architecture.text;
  const { imageSize } = architecture.vision;
  const tokenizer = tokenizerFromJson(pairs.tokenizer.json, { vocabularySize, contextLength });
  const initial = initialWeights(architecture, seed);
  await using trainer = await ContrastiveTrainer.create(runtime, initial, tokenizer, {
    ...settings,
    epsilon: 1e-8,
    decay: 'matrices',
  });
  const saved = await readState(path.join(out, files.state), hash);
  await history.truncateTo(saved?.step ?? 0);
  if (saved !== undefined) restoreState(trainer, saved);
  let done = saved?.step ?? 0;
  const first = done;
  const saving = new SaveSchedule(options.saveEvery ?? 60);
  const schedule = { ...settings, stepsPerEpoch: settings.steps, epochs: 1, form: 'correct' } as const;
  const preprocess = clipPreprocess(imageSize);
  const patches = patchCount(architecture.vision);
  const kept = keptPatchCount(settings, patches);
  const droppingSteps = Math.round(settings.droppingShare * settings.steps);
  const started = performance.now();
  const task = progress.begin('pretraining', settings.steps, 'steps', done);
  let losses = 0;
  let counted = 0;
  try {
    let next = pairs.batch(done, settings.batchSize);
    while (done < settings.steps) {
      signal?.throwIfAborted();
      const { images, captions } = next;
      const learningRate = warmupCosineRate(done, schedule);
      const dropping = done < droppingSteps && kept < patches;
      const step = trainer.step(
        {
          pixels: pixelBatch(images, preprocess),
          captions,
          ...(dropping ? { patches: keptPatches(images.length, patches, kept, seed, done) } : {}),
        },
        learningRate,
      );
      // the next images are drawn while the session computes
      next = pairs.batch(done + 1, settings.batchSize);
      const { loss, gradientNorm } = await step;
      done += 1;
      refuseDivergence(loss, done);
      if (done > settings.steps - Math.ceil(settings.steps / 100)) {
        losses += loss;
        counted += 1;
      }
      const entry = { step: done, loss, gradient_norm: gradientNorm, learning_rate: learningRate };
      await history.append(entry);
      if (saving.due(false)) {
        await history.sync();
        await writeState(path.join(out, files.state), stateOf(trainer, done), hash);
      }
      await options.onStep?.(entry, trainer);
      task.update(done, `loss ${loss.toFixed(3)}`);
    }
  } finally {
    task.end();
  }
  await history.sync();
  await writeModelFolder(out, {
    weights: trainer.weights(),
    tokenizer: pairs.tokenizer.bytes,
    preprocess,
  });
  await rm(path.join(out, files.state), { force: true });
  const seconds = (performance.now() - started) / 1000;
  const imagesPerSecond = ((done - first) * settings.batchSize) / seconds;
  return { model: out, steps: done, seconds, imagesPerSecond, loss: counted === 0 ? 0 : losses / counted };
}

/** Writes the record of a new training, or checks that the one that is there is the same. */
async function startOrResume(
  out: string,
  identity: { readonly settings: JsonObject; readonly seed: number; readonly pairs: JsonObject },
  resume: boolean,
): Promise<void> {
  const file = path.join(out, files.record);
  const found = await readJson(file, recordSchema);
  if (found === undefined) {
    const created = new Date().toISOString();
    await writeJson(file, { format: 'rvpt-pretraining-1', created, ...identity, versions: { ...currentVersions() } });
    return;
  }
  const refuse = (code: 'usage' | 'mismatch', expected: string, received: string, fix: string): InputError =>
    new InputError({ code, operation: `pretrain into ${out}`, expected, received, fix });
  const finished = (await readOrUndefined(path.join(out, 'config.json'))) !== undefined;
  if (!resume || finished) {
    throw refuse(
      'usage',
      'a new or empty folder',
      `one that holds a ${finished ? 'finished ' : ''}training of ${found.created}`,
      finished ? 'Choose another folder.' : 'Add --resume to go on with it, or choose another folder.',
    );
  }
  const { settings, seed, pairs } = found;
  if (sha256OfJson({ settings, seed, pairs }) !== sha256OfJson(identity)) {
    throw refuse(
      'mismatch',
      `the settings, seed and pairs that ${files.record} names`,
      'others',
      'Resume with the same settings, or start in another folder.',
    );
  }
}

function pixelBatch(images: readonly Raster[], preprocess: Preprocess): Tensor {
  const { imageSize: side } = preprocess;
  const pixels = tensor([images.length, 3, side, side]);
  const size = 3 * side * side;
  images.forEach((image, i) => toPixelValues(image, preprocess, pixels.data.subarray(i * size, (i + 1) * size)));
  return pixels;
}

/** For each image of step `step` the numbers of the patches that it keeps. */
function keptPatches(images: number, patches: number, kept: number, seed: number, step: number): number[][] {
  const random = Random.stream(seed, `patches/${step}`);
  const all = Array.from({ length: patches }, (_, i) => i);
  return Array.from({ length: images }, () => random.shuffled(all).slice(0, kept));
}

function refuseDivergence(loss: number, step: number): void {
  if (Number.isFinite(loss)) return;
  throw new InputError({
    code: 'data',
    operation: 'pretrain',
    expected: 'a finite loss',
    received: `${loss} at step ${step}`,
    fix: 'Lower --learning-rate, or raise --warmup-steps.',
  });
}
