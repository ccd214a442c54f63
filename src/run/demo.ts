import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { silentProgress, type Progress } from '../core/progress.js';
import { openDataset } from '../data/dataset.js';
import { chooseFewShot } from '../data/few-shot.js';
import type { Dataset } from '../data/sample.js';
import type { Method } from '../defense/prompt-methods.js';
import type { GivenTuning } from '../defense/tuning-settings.js';
import type { Comparison, Figures } from '../evaluation/comparison.js';
import { meanOverBlocks } from '../evaluation/resistivity.js';
import { loadEmojiAtlas } from '../node/emoji-atlas.js';
import { DiskFolder } from '../node/files.js';
import { loadClip, type LoadedClip } from '../node/load-clip.js';
import { openTrigger, type OpenedTrigger } from '../node/open-trigger.js';
import type { Runtime } from '../runtime/session.js';
import { defaultDifficulty } from '../world/scene.js';
import type { TaskSplit } from '../world/task-dataset.js';
import { claimFolder } from './claim-folder.js';
import { defend } from './defend.js';
import { evaluate } from './evaluate.js';
import { measureRun, type MeasureRunOptions } from './measure-run.js';
import { readRun } from './read-run.js';
import { renderScenes, scenesManifest } from './render-scenes.js';
import { RunFolder } from './run-folder.js';
import { zooTarget } from './zoo-recipes.js';

export interface DemoOptions {
  /** Names of backdoored models of the zoo. */
  readonly models: readonly string[];
  /** Each model is defended once a seed: the seed draws the few-shot images and the initial prompts. */
  readonly seeds: readonly number[];
  /** Methods to defend with. */
  readonly methods: readonly Method[];
  /** Images a class to tune on. */
  readonly shots: number;
  /** Scenes to measure on: those that settings were chosen on, or those kept for the end. */
  readonly split: Exclude<TaskSplit, 'train'>;
  /** Images a class to measure on. */
  readonly testImages: number;
  /** Settings of tuning that differ from the preset. */
  readonly settings?: GivenTuning;
  /** Folder to write: `scenes`, and the run of each defense under `runs`. */
  readonly out: string;
  readonly runtime: Runtime;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Told a sentence for a person. */
  readonly note?: (line: string) => void;
  /** Told of each defense as soon as it is measured. */
  readonly onDefended?: (defended: DefendedModel) => void;
}

/** A model of the zoo before and after one defense. */
export interface DefendedModel {
  /** Of the model: its attack. */
  readonly attack: string;
  readonly method: Method;
  readonly seed: number;
  readonly before: Figures;
  readonly after: Figures;
  /** Mean over the blocks of PR under the trigger, before and after. */
  readonly resistivity: { readonly before: number; readonly after: number };
  /** Poisoned accuracy of the clean model under the same trigger: what a perfect cure would come back to. */
  readonly cleanPa: number;
  /** Wall time of the defense alone. */
  readonly seconds: number;
  /** The run folder. */
  readonly run: string;
}

/** Image scenes a class in the folder that few-shot images are drawn from. */
const TRAIN_IMAGES = 32;

/** Seed of all scenes: data do not change with the seed of a defense. */
const SCENES_SEED = 3;

const marker = 'scenes';

/**
 * Measures backdoored models of the zoo, defends them on a few clean images, and measures them again, on the same test
 * images. Nothing is stored beforehand.
 * @throws InputError about names and folders
 */
export async function demo(options: DemoOptions): Promise<DefendedModel[]> {
  const { models, seeds, methods, out, note = () => undefined } = options;
  await claimFolder(`write the demo to ${out}`, out, marker);
  const train = await scenesOf(options, 'train', TRAIN_IMAGES);
  const test = await scenesOf(options, options.split, options.testImages);
  await using clean = await loadClip('zoo:clean');
  const defended: DefendedModel[] = [];
  for (const model of models) {
    await using clip = await loadClip(`zoo:${model}`);
    const trigger = await openTrigger(`zoo:${model}`);
    const cleanPa = await poisonedAccuracy(options, clean, trigger, test);
    for (const seed of seeds) {
      for (const method of methods) {
        note(`zoo:${model}: ${method}${seeds.length > 1 ? `, seed ${seed}` : ''}`);
        const one = await defendOne(options, { clip, trigger, train, test, model, method, seed, cleanPa });
        options.onDefended?.(one);
        defended.push(one);
      }
    }
  }
  return defended;
}

async function scenesOf(
  { out, progress = silentProgress }: DemoOptions,
  split: TaskSplit,
  perClass: number,
): Promise<Dataset> {
  const folder = path.join(out, 'scenes', `${split}-${perClass}`);
  const files = new DiskFolder(folder);
  if (!(await files.has(scenesManifest))) {
    await mkdir(path.dirname(folder), { recursive: true });
    const atlas = await loadEmojiAtlas();
    const difficulty = defaultDifficulty;
    await renderScenes(folder, {
      atlas,
      task: 'a',
      split,
      perClass,
      style: 'seen',
      difficulty,
      seed: SCENES_SEED,
      progress,
    });
  }
  return openDataset({ folder: files });
}

async function poisonedAccuracy(
  { runtime }: DemoOptions,
  clip: LoadedClip,
  { trigger }: OpenedTrigger,
  dataset: Dataset,
): Promise<number> {
  const attack = { trigger, target: zooTarget };
  const { attacked } = await evaluate({ clip, dataset, runtime, attack });
  if (attacked === undefined) throw new Error('an evaluation with an attack has figures of it');
  return attacked.pa;
}

interface Defense {
  readonly clip: LoadedClip;
  readonly trigger: OpenedTrigger;
  readonly train: Dataset;
  readonly test: Dataset;
  readonly model: string;
  readonly method: Method;
  readonly seed: number;
  readonly cleanPa: number;
}

async function defendOne(options: DemoOptions, defense: Defense): Promise<DefendedModel> {
  const { runtime, out, shots, settings = {}, progress = silentProgress, signal } = options;
  const { clip, trigger, train, test, model, method, seed, cleanPa } = defense;
  const common = { clip, runtime, seed, progress, ...(signal === undefined ? {} : { signal }) };
  const run = path.join(out, 'runs', `${model}-${method}-${seed}`);
  await mkdir(path.dirname(run), { recursive: true });
  const samples = chooseFewShot(train, { shots, seed }).train;
  const { prompts, seconds } = await defend({
    ...common,
    dataset: train,
    samples,
    out: run,
    method,
    settings,
    resume: true,
  });
  const attack = { trigger: trigger.trigger, target: zooTarget };
  const known = (await readRun(run)).evaluation;
  // a demo that was stopped, or is run again, does not measure twice
  const comparison =
    known?.data.path === test.source.location
      ? known
      : await measureAndKeep(run, { ...common, dataset: test, prompts, attack });
  const { before, after } = comparison;
  return {
    attack: model,
    method,
    seed,
    before,
    after,
    resistivity: resistivityOf(comparison, trigger.trigger.name),
    cleanPa,
    seconds,
    run,
  };
}

async function measureAndKeep(run: string, options: MeasureRunOptions): Promise<Comparison> {
  const comparison = await measureRun(options);
  await using folder = await RunFolder.open(run);
  await folder.writeEvaluation(comparison);
  return comparison;
}

/** Means over the blocks, under the trigger. */
function resistivityOf({ resistivity }: Comparison, trigger: string): { before: number; after: number } {
  const curves = resistivity.perturbations.find(({ name }) => name === trigger);
  return { before: meanOverBlocks(curves?.before ?? []), after: meanOverBlocks(curves?.after ?? []) };
}
