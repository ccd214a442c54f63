import type { Progress } from '../core/progress.js';
import type { ImageBatch, TrainingImages } from '../data/training-images.js';
import type { LinearHead } from '../model/clip-graphs.js';
import type { ClipWeights } from '../model/weights.js';
import type { Runtime } from '../runtime/session.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import { classifierGraph, headNames, type ClassifierHead, type Repelling } from './classifier-graph.js';
import { epochOrder } from './epoch-order.js';
import { restoreState, stateOf, type TrainerState } from './trainer-state.js';
import { refuseDivergence, type TrainingStep } from './training-step.js';
import { copyWeights, trainedWeights, WeightTrainer, type WeightSettings } from './weight-trainer.js';

export interface ClassifierOptions {
  /** What it is called in progress and errors. */
  readonly task: string;
  readonly runtime: Runtime;
  /** What training starts from, and what features are repelled from. */
  readonly weights: ClipWeights;
  readonly images: TrainingImages;
  readonly head: ClassifierHead;
  /** None, where not set. */
  readonly repelling?: Repelling;
  readonly epochs: number;
  /** Images a step; all of them where there are fewer. */
  readonly batchSize: number;
  readonly optimiser: WeightSettings;
  /** The learning rate of a step. @param step steps done before it, over all epochs */
  learningRate(step: number): number;
  readonly seed: number;
  /** Where to go on from. */
  readonly from?: TrainerState | undefined;
  /** Called after every step, in order; the next step waits for it. */
  onStep?(report: TrainingStep, endOfEpoch: boolean, state: () => TrainerState): Promise<void>;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface TrainedClassifier {
  /** The vision tower is trained; the text tower and the temperature are as they were. */
  readonly weights: ClipWeights;
  /** Of a linear head. */
  readonly head?: LinearHead;
  /** Optimiser steps in all. */
  readonly steps: number;
  /** Numbers that trained. */
  readonly trainableParameters: number;
}

/** Full batches of an epoch; one of all images where they do not fill any. */
export function imageBatches(images: number, batchSize: number): { readonly size: number; readonly count: number } {
  const size = Math.min(batchSize, images);
  return { size, count: size === 0 ? 0 : Math.floor(images / size) };
}

/**
 * Trains the vision tower of a CLIP on labelled images by cross-entropy and AdamW: the order is drawn anew each epoch,
 * epoch e sees view e of every image, and the last batch is left out where it is not full.
 *
 * The same seed, settings, images and number of threads give the same bits, also when training was stopped in between
 * and went on from a saved state.
 * @throws InputError (`data`) when an image cannot be decoded or the loss is no longer finite
 */
export async function trainClassifier(options: ClassifierOptions): Promise<TrainedClassifier> {
  const { task, runtime, weights, images, head, epochs, seed, from, signal } = options;
  const { size, count: stepsPerEpoch } = imageBatches(images.labels.length, options.batchSize);
  const tensors = await copyWeights(weights, (name) => name.startsWith('vision.'));
  if (head.kind === 'linear') {
    tensors.set(headNames.weight, tensor([head.classes, weights.architecture.embedDim]));
    tensors.set(headNames.bias, tensor([head.classes]));
  }
  await using trainer = new WeightTrainer(runtime, tensors, options.optimiser);
  if (from !== undefined) restoreState(trainer, from);
  const repelling = options.repelling ?? { alpha: 0 };
  const program = { key: 'step', build: () => classifierGraph(weights, head, repelling, size) };
  const classes = head.kind === 'text' ? head.features.shape[0] : head.classes;

  let done = from?.step ?? 0;
  const state = (): TrainerState => stateOf(trainer, done);
  const steps = stepsPerEpoch * epochs;
  const bar = options.progress.begin(task, steps, 'steps', done);
  try {
    for (let epoch = Math.floor(done / stepsPerEpoch); done < steps; epoch++) {
      const used = epochOrder(images.labels.length, epoch, seed).slice(0, stepsPerEpoch * size);
      const order = used.slice((done % stepsPerEpoch) * size);
      for await (const batch of images.load(order, epoch, size)) {
        signal?.throwIfAborted();
        const learningRate = options.learningRate(done);
        const { loss, terms } = await trainer.step(program, feeds(batch, images.labels, classes), learningRate);
        refuseDivergence(task, loss, done + 1, learningRate);
        done++;
        await options.onStep?.({ step: done, epoch, loss, terms, learningRate }, done % stepsPerEpoch === 0, state);
        bar.update(done, `loss ${loss.toFixed(3)}`);
      }
    }
  } finally {
    bar.end();
  }
  const [weight, bias] = [tensors.get(headNames.weight), tensors.get(headNames.bias)];
  return {
    weights: trainedWeights(weights, tensors),
    ...(weight === undefined || bias === undefined ? {} : { head: { weight, bias, unit: false } }),
    steps,
    trainableParameters: [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0),
  };
}

/** `targets` one-hot, [B, C]. */
function feeds(
  { pixelValues, indices }: ImageBatch,
  labels: readonly number[],
  classes: number,
): { readonly pixel_values: Tensor; readonly targets: Tensor } {
  const targets = tensor([indices.length, classes]);
  indices.forEach((image, i) => (targets.data[i * classes + labels[image]] = 1));
  return { pixel_values: pixelValues, targets };
}
