import { z } from 'zod';

import { defineEntry } from '../core/catalog.js';
import { augmentationNames } from '../data/augment.js';
import type { ClipArchitecture } from '../model/architecture.js';
import { Random } from '../tensor/random.js';
import { tensor } from '../tensor/tensor.js';
import { epochOrder } from '../training/epoch-order.js';
import { restoreSgd, sgdState } from '../training/sgd-state.js';
import { Sgd } from '../training/sgd.js';
import { refuseDivergence } from '../training/training-step.js';
import type { Defended, DefenseEffect, DefenseInput } from './defense.js';
import { embedTrainingImages } from './image-embeddings.js';
import { SoftmaxRegression, type LinearParameters } from './softmax-regression.js';

/** RVPT, appendix: learning rate, momentum, batch and epochs; the rest is open, see docs/deviations.md. */
const paper = {
  learningRate: 0.01,
  momentum: 0.9,
  batchSize: 32,
  epochs: 40,
  weightDecay: 0,
  initialStd: 0,
  unit: false,
  augmentation: 'none',
  views: 8,
} as const;

const shape = {
  learningRate: z.number().positive().default(paper.learningRate).describe('constant learning rate of SGD'),
  momentum: z.number().min(0).lt(1).default(paper.momentum).describe('momentum of SGD'),
  batchSize: z.int().positive().max(65536).default(paper.batchSize).describe('images an optimiser step'),
  epochs: z.int().positive().default(paper.epochs).describe('passes over the few-shot images'),
  weightDecay: z.number().nonnegative().default(paper.weightDecay).describe('weight decay of SGD'),
  initialStd: z
    .number()
    .nonnegative()
    .default(paper.initialStd)
    .describe('standard deviation of the initial weights; 0 starts at zero'),
  unit: z.boolean().default(paper.unit).describe('scale embeddings to length 1 first'),
  augmentation: z.enum(augmentationNames).default(paper.augmentation).describe('what is done to the images'),
  views: z.int().positive().max(1000).default(paper.views).describe('with augmentation: views an image, taken in turn'),
} as const;
type LinearProbeSettings = z.output<z.ZodObject<typeof shape>>;

/** A linear classifier on frozen image embeddings, trained by SGD on the few-shot images. */
export const linearProbe = defineEntry({
  name: 'linear-probe',
  summary: 'a linear classifier on the frozen image embeddings, by SGD; answers for the classes of its images alone',
  settings: shape,
  presets: { paper: { summary: 'the paper’s settings', settings: paper } },
  create: (settings): DefenseEffect => ({ needs: 'images', run: (input) => probe(settings, input) }),
});

async function probe(settings: LinearProbeSettings, input: DefenseInput): Promise<Defended> {
  const { runtime, weights, textFeatures, seed, progress, signal, from } = input;
  const { unit, augmentation, batchSize, epochs, learningRate } = settings;
  const images = input.images(augmentation);
  const count = images.labels.length;
  const views = augmentation === 'none' ? 1 : Math.min(settings.views, epochs);
  const embeddings = await embedTrainingImages(input, images, { views, unit });
  const labels = Array.from({ length: views }, () => images.labels).flat();
  const [classes] = textFeatures.shape;

  const head = initialHead(weights.architecture, classes, settings, seed);
  const sgd = new Sgd(settings);
  const parameters = new Map(Object.entries({ ...head }));
  if (from !== undefined) restoreSgd(parameters, sgd, from);
  const atOnce = Math.min(batchSize, count);
  await using regression = await SoftmaxRegression.create(runtime, { embeddings, labels }, classes, atOnce);
  const stepsPerEpoch = Math.ceil(count / batchSize);
  const steps = epochs * stepsPerEpoch;
  const task = progress.begin('probe', steps, 'steps', from?.step ?? 0);
  try {
    for (let done = from?.step ?? 0; done < steps;) {
      signal?.throwIfAborted();
      const epoch = Math.floor(done / stepsPerEpoch);
      const order = epochOrder(count, epoch, seed);
      const start = (done % stepsPerEpoch) * batchSize;
      const rows = order.slice(start, start + batchSize).map((index) => (epoch % views) * count + index);
      const { loss, gradient } = await regression.run(rows, head);
      done++;
      refuseDivergence('train a linear probe', loss, done, learningRate);
      sgd.update('weight', head.weight.data, gradient.weight.data, learningRate);
      sgd.update('bias', head.bias.data, gradient.bias.data, learningRate);
      await input.onStep?.({ step: done, epoch, learningRate, loss }, () => sgdState(done, parameters, sgd));
      task.update(done, `loss ${loss.toFixed(3)}`);
    }
  } finally {
    task.end();
  }
  return {
    model: { kind: 'head', head: { ...head, unit } },
    steps,
    trainableParameters: head.weight.data.length + head.bias.data.length,
  };
}

/** Weights ~ N(0, std), bias 0. */
function initialHead(
  { embedDim }: ClipArchitecture,
  classes: number,
  { initialStd }: LinearProbeSettings,
  seed: number,
): LinearParameters {
  const random = Random.stream(seed, 'linear probe');
  const weight = tensor([classes, embedDim]);
  for (let i = 0; i < weight.data.length; i++) weight.data[i] = initialStd * random.normal();
  return { weight, bias: tensor([classes]) };
}
