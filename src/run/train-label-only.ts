import path from 'node:path';
import { z } from 'zod';

import { silentProgress, type Progress } from '../core/progress.js';
import type { Raster } from '../core/raster.js';
import { augmentationNames, augmentations, type AugmentationName } from '../data/augment.js';
import { toPixelValues, type Preprocess } from '../data/preprocess.js';
import type { TrainingImages } from '../data/training-images.js';
import { largestLogits } from '../evaluation/predictions.js';
import { ImageEncoder } from '../inference/image-encoder.js';
import type { LinearHead } from '../model/clip-graphs.js';
import type { ClipWeights } from '../model/weights.js';
import type { LoadedClip } from '../node/load-clip.js';
import type { Runtime } from '../runtime/session.js';
import { tensor } from '../tensor/tensor.js';
import { adamDefaults } from '../training/adamw.js';
import { imageBatches, trainClassifier } from '../training/classifier-trainer.js';
import { initialWeights } from '../training/initial-weights.js';
import { pairSchedule } from '../training/pair-training.js';
import { warmupCosineRate } from '../training/warmup-cosine.js';
import type { EmojiAtlas } from '../world/atlas.js';
import { renderScene } from '../world/render.js';
import { trainingScenes } from '../world/scene.js';
import { stylesIn } from '../world/styles.js';
import { taskDataset, type TaskSplit } from '../world/task-dataset.js';
import { currentVersions } from './provenance.js';
import { writeJson } from './run-files.js';
import { writeFolder } from './write-folder.js';
import { writeModelFolder } from './write-model-folder.js';

/** What shapes a vision transformer that learns labels alone. */
export const labelOnlyShape = {
  perClass: z.int().positive().default(200).describe('training scenes of every class'),
  epochs: z.int().positive().default(20).describe('passes over them'),
  batchSize: z.int().positive().default(50).describe('images a step'),
  learningRate: z.number().positive().default(1e-3).describe('highest learning rate of AdamW'),
  weightDecay: z.number().nonnegative().default(0.05).describe('weight decay of AdamW, on matrices only'),
  clipNorm: z.number().positive().default(1).describe('largest norm of the gradient over all weights'),
  augmentation: z.enum(augmentationNames).default('light-crop-flip').describe('what is done to the images'),
} as const;

export const labelOnlySchema = z.object(labelOnlyShape);
export type LabelOnlySettings = z.output<typeof labelOnlySchema>;

export interface TrainLabelOnlyOptions {
  readonly atlas: EmojiAtlas;
  /** The model that it is to be compared with: architecture, preprocessing and tokenizer are taken from it. */
  readonly like: Pick<LoadedClip, 'weights' | 'preprocess' | 'tokenizer' | 'sha256'>;
  /** Those left out take their defaults. */
  readonly settings?: Partial<LabelOnlySettings>;
  /** Of scenes, views, order and initial weights. */
  readonly seed: number;
  /** The model folder to write. */
  readonly out: string;
  readonly runtime: Runtime;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

export interface LabelOnlyResult {
  readonly model: string;
  readonly steps: number;
  /** Mean over the last epoch. */
  readonly loss: number;
  /** Share of new scenes of the same styles that the linear head gets right, in [0, 1]. */
  readonly accuracy: number;
  /** How many these are. */
  readonly validated: number;
}

/** The file beside the weights that says how they came about. */
export const LABEL_ONLY_RECORD = 'label-only.json';

/** Scenes of every class that accuracy is measured on. */
const VALIDATION_SCENES = 20;

/**
 * Trains a vision transformer from nothing on labelled scenes of the emoji world (task A, styles that are seen), by
 * cross-entropy of a linear head on its image embedding: what CLIP's tower is compared with that learnt from captions
 * (RVPT, figure 1). Writes it as a CLIP's model folder, so that whatever measures class tokens measures its own; the text
 * tower in it is the initial one and the head is left out, so class prompts say nothing of its images.
 * The folder is whole or not there; the same options give the same bits.
 * @throws InputError (`usage`) when the folder holds anything; (`data`) when the loss is not finite; (`storage`)
 */
export async function trainLabelOnly(options: TrainLabelOnlyOptions): Promise<LabelOnlyResult> {
  const { out, like, atlas, seed } = options;
  const settings = labelOnlySchema.parse(options.settings ?? {});
  return writeFolder(`train on labels into ${out}`, out, async (folder) => {
    const { weights, classNames, ...result } = await train(options, settings);
    const tokenizer = new TextEncoder().encode(JSON.stringify(like.tokenizer.json));
    await writeModelFolder(folder, { weights, tokenizer, preprocess: like.preprocess });
    await writeJson(path.join(folder, LABEL_ONLY_RECORD), {
      format: 'rvpt-label-only-1',
      settings: { ...settings },
      like: { sha256: like.sha256 },
      seed,
      task: 'a',
      classes: [...classNames],
      atlas_sha256: atlas.sha256,
      ...result,
      versions: { ...currentVersions() },
    });
    return { model: out, ...result };
  });
}

interface Trained extends Omit<LabelOnlyResult, 'model'> {
  readonly weights: ClipWeights;
  readonly classNames: readonly string[];
}

async function train(options: TrainLabelOnlyOptions, settings: LabelOnlySettings): Promise<Trained> {
  const { like, seed, runtime, progress = silentProgress, signal } = options;
  const { classNames, images } = worldImages(options, 'train', settings.perClass, settings.augmentation);
  const { size, count } = imageBatches(images.labels.length, settings.batchSize);
  const schedule = pairSchedule({ count: images.labels.length }, { ...settings, batchSize: size, form: 'correct' });
  let losses = 0;
  const { weights, head, steps } = await trainClassifier({
    task: 'training on labels',
    runtime,
    weights: initialWeights(like.weights.architecture, seed),
    images,
    head: { kind: 'linear', classes: classNames.length },
    epochs: settings.epochs,
    batchSize: size,
    optimiser: {
      ...adamDefaults,
      weightDecay: settings.weightDecay,
      decay: 'matrices',
      clipNorm: settings.clipNorm,
    },
    learningRate: (step) => warmupCosineRate(step, schedule),
    seed,
    onStep: ({ epoch, loss }) => {
      if (epoch === settings.epochs - 1) losses += loss;
      return Promise.resolve();
    },
    progress,
    signal,
  });
  if (head === undefined) throw new Error('label-only training: a linear head was asked for, none came');
  const validation = worldImages(options, 'validation', VALIDATION_SCENES, 'none').images;
  const right = await countRight(runtime, weights, head, validation);
  const validated = validation.labels.length;
  return { weights, classNames, steps, loss: losses / count, accuracy: right / validated, validated };
}

/** Scenes of task A in the styles that are seen, rendered once. */
function worldImages(
  { atlas, like: { preprocess }, seed }: TrainLabelOnlyOptions,
  split: TaskSplit,
  perClass: number,
  augmentation: AugmentationName,
): { readonly classNames: readonly string[]; readonly images: TrainingImages } {
  const styles = stylesIn(atlas, 'seen');
  const { classNames, scenes } = taskDataset(atlas, 'a', { split, perClass, styles, seed, scene: trainingScenes });
  const rendered = new Map<number, Raster>();
  const imageOf = (index: number): Raster => {
    const image = rendered.get(index) ?? renderScene(atlas, scenes[index].scene);
    rendered.set(index, image);
    return image;
  };
  const augment = augmentations[augmentation];
  const crop = (index: number, view: number): Raster =>
    augment(imageOf(index), preprocess, { seed, imageKey: scenes[index].path, view });
  return {
    classNames,
    images: imagesOf(
      scenes.map(({ label }) => label),
      crop,
      preprocess,
    ),
  };
}

function imagesOf(
  labels: readonly number[],
  crop: (index: number, view: number) => Raster,
  preprocess: Preprocess,
): TrainingImages {
  const { imageSize } = preprocess;
  const size = 3 * imageSize * imageSize;
  return {
    labels,
    async *load(order, view, batch) {
      for (let from = 0; from < order.length; from += batch) {
        const indices = order.slice(from, from + batch);
        const pixelValues = tensor([indices.length, 3, imageSize, imageSize]);
        indices.forEach((index, i) => {
          toPixelValues(crop(index, view), preprocess, pixelValues.data.subarray(i * size, (i + 1) * size));
        });
        yield await Promise.resolve({ pixelValues, indices });
      }
    },
  };
}

async function countRight(
  runtime: Runtime,
  weights: ClipWeights,
  head: LinearHead,
  images: TrainingImages,
): Promise<number> {
  const [classes] = head.weight.shape;
  await using encoder = await ImageEncoder.create(runtime, weights, { batch: 32, head });
  let right = 0;
  const all = images.labels.map((_, index) => index);
  for await (const { pixelValues, indices } of images.load(all, 0, encoder.batch)) {
    const { logits = tensor([0, classes]) } = await encoder.encode(pixelValues);
    const answers = largestLogits(logits.data, classes, (row) => `scene ${indices[row]}`);
    right += indices.filter((index, i) => answers[i] === images.labels[index]).length;
  }
  return right;
}
