import { z } from 'zod';

import { defineEntry } from '../core/catalog.js';
import type { Preprocess } from '../data/preprocess.js';
import type { VisualPrompts } from '../inference/fold-prompts.js';
import { Random } from '../tensor/random.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import { epochOrder } from '../training/epoch-order.js';
import { learningRateAt } from '../training/learning-rate.js';
import { pgdShape } from '../training/pgd.js';
import { restoreSgd, sgdState } from '../training/sgd-state.js';
import { Sgd } from '../training/sgd.js';
import { refuseDivergence } from '../training/training-step.js';
import { adversarialPromptGraphs } from './adversarial-prompt-graph.js';
import { AdversarialPromptStep, type LabelledPixels } from './adversarial-prompt-step.js';
import type { Defended, DefenseEffect, DefenseInput } from './defense.js';
import { partThatFits, refuseUnfit } from './plan.js';
import { promptName } from './prompt-tuning-graph.js';
import { initialPrompts } from './tune-prompts.js';
import { tuningPresets, tuningSchema } from './tuning-settings.js';

/**
 * The attack while tuning: as large as the one that is measured, by few and large steps as APT takes them (Li et al.,
 * "One Prompt Word is Enough to Boost Adversarial Robustness for Pre-trained Vision-Language Models", 2024: three of
 * 2/3 epsilon), on every image.
 */
const attack = { epsilon: 8, attackStepSize: 16 / 3, attackSteps: 3, randomStart: true, adversarialShare: 1 } as const;

/** Of small models, the attack above leaves nothing that prompts could learn: see docs/deviations.md. */
const gentler = {
  epsilon: 2,
  attackStepSize: 4 / 3,
  adversarialShare: 0.5,
  tokens: 16,
  learningRate: 0.05,
  epochs: 10,
  warmupEpochs: 0,
  augmentation: 'none',
} as const;

/** What visual prompt tuning takes, but for the repelling term and cached features: adversarial images are never twice the same. */
const promptSchema = tuningSchema.omit({ alpha: true, margin: true, views: true });
const shape = {
  ...promptSchema.shape,
  epsilon: pgdShape.epsilon,
  attackStepSize: pgdShape.stepSize.default(attack.attackStepSize),
  attackSteps: pgdShape.steps.default(attack.attackSteps),
  randomStart: pgdShape.randomStart,
  adversarialShare: z
    .number()
    .min(0)
    .max(1)
    .default(attack.adversarialShare)
    .describe('share of a batch that is attacked; 0 is plain visual prompt tuning'),
} as const;
type AdversarialSettings = z.output<z.ZodObject<typeof shape>>;

/** Visual prompt tuning on images that are attacked anew at every step. */
export const adversarialVpt = defineEntry({
  name: 'adversarial-vpt',
  summary: 'visual prompt tuning on adversarial images (PGD at every step), for the comparison of adversarial accuracy',
  settings: shape,
  presets: {
    paper: {
      summary: 'prompts as the paper’s, attack of 8/255 as APT trains against',
      settings: { ...promptSchema.parse(tuningPresets.paper), ...attack },
    },
    small: {
      summary: 'a gentler attack and rate, for models far smaller than any published one',
      settings: { ...promptSchema.parse(tuningPresets.small), ...attack, ...gentler },
    },
  },
  create: (settings): DefenseEffect => ({
    needs: 'images',
    refuseUnfit: (architecture) => {
      refuseUnfit(architecture, settings);
    },
    run: (input) => tune(settings, input),
  }),
});

async function tune(settings: AdversarialSettings, input: DefenseInput): Promise<Defended> {
  const { runtime, weights, preprocess, textFeatures, seed, progress, signal, from } = input;
  const { batchSize, epochs, dropLast } = settings;
  refuseUnfit(weights.architecture, settings);
  const images = input.images(settings.augmentation);
  const count = images.labels.length;
  const imagesPerEpoch = dropLast && count >= batchSize ? count - (count % batchSize) : count;
  const stepsPerEpoch = Math.ceil(imagesPerEpoch / batchSize);
  const steps = stepsPerEpoch * epochs;

  const prompts = initialPrompts(weights.architecture, settings, seed);
  const parameters = new Map([...prompts].map(([d, prompt]) => [promptName(d), prompt]));
  const sgd = new Sgd(settings);
  if (from !== undefined) restoreSgd(parameters, sgd, from);
  const part = partThatFits(Math.min(batchSize, imagesPerEpoch), runtime.lanes, (images) =>
    Object.values(adversarialPromptGraphs(weights, preprocess, settings, textFeatures, images).attack),
  );
  await using step = await AdversarialPromptStep.create(runtime, weights, preprocess, settings, textFeatures, part);

  let done = from?.step ?? 0;
  const task = progress.begin('tuning', steps, 'steps', done);
  try {
    for (let epoch = Math.floor(done / stepsPerEpoch); epoch < epochs; epoch++) {
      const learningRate = learningRateAt(epoch, settings);
      const used = epochOrder(count, epoch, seed).slice(0, imagesPerEpoch);
      const order = used.slice((done % stepsPerEpoch) * batchSize);
      for await (const { pixelValues, indices } of images.load(order, epoch, batchSize)) {
        signal?.throwIfAborted();
        const clean = {
          pixels: unnormalised(pixelValues, preprocess),
          labels: indices.map((index) => images.labels[index]),
        };
        const randoms = indices.map((index) => Random.stream(seed, `adversarial/${epoch}/${index}`));
        const batch = await attacked(step, clean, prompts, settings, randoms);
        const { loss, gradients } = await step.run(batch, prompts);
        refuseDivergence('tune prompts on adversarial images', loss, done + 1, learningRate);
        for (const [d, gradient] of gradients) {
          const prompt = prompts.get(d);
          if (prompt !== undefined) sgd.update(promptName(d), prompt.data, gradient, learningRate);
        }
        done++;
        await input.onStep?.({ step: done, epoch, learningRate, loss }, () => sgdState(done, parameters, sgd));
        task.update(done, `loss ${loss.toFixed(3)}`);
      }
    }
  } finally {
    task.end();
  }
  const trainableParameters = [...prompts.values()].reduce((sum, { data }) => sum + data.length, 0);
  return { model: { kind: 'prompts', prompts }, steps, trainableParameters };
}

/** Normalised pixels back in [0, 1]. */
function unnormalised({ shape, data }: Tensor, { mean, std }: Preprocess): Tensor {
  const [, channels, height, width] = shape;
  const plane = height * width;
  const pixels = data.map((value, i) => {
    const channel = Math.floor(i / plane) % channels;
    return Math.min(1, Math.max(0, value * std[channel] + mean[channel]));
  });
  return tensor(shape, pixels);
}

/** The batch with its first images as they are, and the settings' share of it attacked with the prompts as they stand. */
async function attacked(
  step: AdversarialPromptStep,
  { pixels, labels }: LabelledPixels,
  prompts: VisualPrompts,
  { epsilon, attackStepSize, attackSteps, randomStart, adversarialShare }: AdversarialSettings,
  randoms: readonly Random[],
): Promise<LabelledPixels> {
  const [count, ...image] = pixels.shape;
  const kept = count - Math.round(adversarialShare * count);
  if (kept === count) return { pixels, labels };
  const from = (kept * pixels.data.length) / count;
  const rest = { pixels: tensor([count - kept, ...image], pixels.data.slice(from)), labels: labels.slice(kept) };
  const pgd = { epsilon, stepSize: attackStepSize, steps: attackSteps, randomStart };
  const moved = await step.perturb(rest, prompts, pgd, randoms.slice(kept));
  const mixed = tensor(pixels.shape, pixels.data.slice());
  mixed.data.set(moved.pixels.data, from);
  return { pixels: mixed, labels };
}
