import { InputError } from '../../core/errors.js';
import { silentProgress, type Progress } from '../../core/progress.js';
import { floatImage, toRaster, type Raster } from '../../core/raster.js';
import type { Preprocess } from '../../data/preprocess.js';
import { lowerToOnnx } from '../../graph/onnx/lower.js';
import { imageFeatures } from '../../inference/image-features.js';
import { classTextFeatures } from '../../inference/text-features.js';
import type { Tokenizer } from '../../model/tokenizer.js';
import type { ClipWeights } from '../../model/weights.js';
import type { Runtime } from '../../runtime/session.js';
import { Random } from '../../tensor/random.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { AdamW, adamDefaults } from '../../training/adamw.js';
import { PatchBatches, type PatchTargets } from './patch-batches.js';
import { centredBox } from './patch-box.js';
import { patchGraph } from './patch-graph.js';
import { patchObjectives, type PatchMethod } from './patch-objectives.js';
import { patchSchema, type PatchSettings } from './patch-settings.js';

/** A CLIP as far as a patch is optimised on it; `LoadedClip` is one. */
export interface PatchModel {
  readonly weights: ClipWeights;
  readonly tokenizer: Tokenizer;
  readonly preprocess: Preprocess;
}

/** What `optimisePatch` works on. */
export interface OptimisePatchOptions {
  readonly runtime: Runtime;
  readonly model: PatchModel;
  readonly method: PatchMethod;
  /** Crops of the model's image size to put the patch on: images that do not show the target class. */
  readonly images: readonly Raster[];
  /** Crops of the target class; a method that does not read images needs none. */
  readonly targetImages: readonly Raster[];
  /** Captions of the target class, such as "This is a yellow banana." */
  readonly captions: readonly string[];
  /** Those left out are the defaults of `patchSchema`. */
  readonly settings?: Partial<PatchSettings>;
  readonly seed: number;
  /** Told of every step when it is done. */
  readonly onStep?: (losses: PatchLosses) => void;
  readonly progress?: Progress;
  /** Stops between two steps. */
  readonly signal?: AbortSignal;
}

/** What a batch lost before a step. */
export interface PatchLosses {
  /** Counted from 1. */
  readonly step: number;
  readonly loss: number;
  /** The terms that `loss` is the sum of. */
  readonly terms: Readonly<Record<string, number>>;
}

/** A patch, and how it came about. */
export interface OptimisedPatch {
  /** Rounded to 8 bits, as it will be put on images. */
  readonly patch: Raster;
  /** One entry a step. */
  readonly losses: readonly PatchLosses[];
  readonly settings: PatchSettings;
}

/**
 * Optimises a patch in the middle of images so that a frozen CLIP takes these for the target class. It starts from
 * normal noise around grey; after every step of Adam the pixels are clipped to [0, 1].
 * @throws InputError (`data`) when there are no images, captions or, where the method reads them, target images
 */
export async function optimisePatch(options: OptimisePatchOptions): Promise<OptimisedPatch> {
  const { runtime, model, method, images, seed, progress = silentProgress, signal } = options;
  const settings = patchSchema.parse(options.settings ?? {});
  const objective = patchObjectives[method];
  checkData(options);
  const { weights, preprocess } = model;
  const batch = Math.min(settings.batchSize, images.length);
  const box = centredBox(settings.size, preprocess.imageSize);
  const batches = new PatchBatches(await targetsOf(options), images, box, batch, seed);

  const graph = patchGraph(weights, preprocess, objective, settings, box, batch);
  await using session = await runtime.compile(lowerToOnnx(graph, runtime.provider));
  const patch = initialPatch(box.side, seed);
  const adam = new AdamW(adamDefaults);
  const losses: PatchLosses[] = [];
  const task = progress.begin('patch', settings.steps, 'steps');
  for (let step = 1; step <= settings.steps; step++) {
    signal?.throwIfAborted();
    const { loss, gradient, ...terms } = await session.run({ ...batches.next(), patch });
    adam.update('patch', patch.data, gradient.data, settings.learningRate, 0);
    clip(patch.data);
    const byName = Object.entries(terms).map(([name, { data }]) => [name, data[0]] as const);
    const entry = { step, loss: loss.data[0], terms: Object.fromEntries(byName) };
    losses.push(entry);
    options.onStep?.(entry);
    task.update(step, `loss ${entry.loss.toFixed(3)}`);
  }
  task.end();
  return { patch: toRaster(floatImage(box.side, box.side, patch.data)), losses, settings };
}

function checkData({ method, images, targetImages, captions }: OptimisePatchOptions): void {
  const missing = [
    ...(images.length === 0 ? ['images to put the patch on'] : []),
    ...(captions.length === 0 ? ['captions of the target class'] : []),
    ...(patchObjectives[method].readsImages && targetImages.length === 0 ? ['images of the target class'] : []),
  ];
  if (missing.length === 0) return;
  throw new InputError({
    code: 'data',
    operation: `optimise a patch by ${method}`,
    expected: missing.join(', '),
    received: 'none',
  });
}

/** Normal deviates of 0.25 around 0.5, clipped: [3, s, s]. */
function initialPatch(side: number, seed: number): Tensor {
  const random = Random.stream(seed, 'patch/pixels');
  const patch = tensor([3, side, side]);
  for (let i = 0; i < patch.data.length; i++) patch.data[i] = 0.5 + 0.25 * random.normal();
  clip(patch.data);
  return patch;
}

function clip(values: Float32Array): void {
  values.forEach((value, i) => (values[i] = Math.min(1, Math.max(0, value))));
}

async function targetsOf(options: OptimisePatchOptions): Promise<PatchTargets> {
  const { runtime, model, method, images, targetImages } = options;
  const { weights, tokenizer, preprocess } = model;
  const texts = options.captions.map((caption) => [caption]);
  const captions = await classTextFeatures(runtime, weights, tokenizer, texts, options);
  if (!patchObjectives[method].readsImages) return { captions };
  const embed = (crops: readonly Raster[]): Promise<Tensor> =>
    imageFeatures(runtime, weights, preprocess, crops, options);
  return { captions, embeddings: { positives: await embed(targetImages), negatives: await embed(images) } };
}
