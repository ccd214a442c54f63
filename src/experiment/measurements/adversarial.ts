import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import type { Json } from '../../core/json.js';
import { adversarialAccuracy, type AdversarialAccuracy } from '../../evaluation/adversarial.js';
import { chooseExamples } from '../../evaluation/examples.js';
import type { Rate } from '../../evaluation/rate.js';
import { prepareDefended } from '../../run/evaluate.js';
import { pgdShape, type PgdSettings } from '../../training/pgd.js';
import type { MeasureInput, MeasurementEffect } from '../measurement.js';
import { refuseOtherHead } from './other-head.js';

const share = z.number().min(0).max(1);
const count = z.int().nonnegative();
const rate = z.object({ rate: share, interval: z.tuple([share, share]) });

/** What `adversarial` finds: accuracy before and after the attack, with Wilson's 95 % intervals, and every answer. */
export const adversarialSchema = z
  .object({
    clean: rate,
    adversarial: rate,
    n: count,
    /** Paths of the images, in the order of the lists below. */
    images: z.array(z.string()),
    /** Index of the true class of each image. */
    labels: z.array(count),
    /** … of the class that the model gave it. */
    predicted: z.array(count),
    /** … and gave it after the attack. */
    attacked: z.array(count),
    /** Images that could not be decoded. */
    skipped: z.array(z.string()),
  })
  .refine(
    ({ n, images, labels, predicted, attacked }) =>
      [images, labels, predicted, attacked].every((list) => list.length === n),
    'as many labels and answers as images',
  );
export type AdversarialResult = z.output<typeof adversarialSchema>;

const shape = {
  ...pgdShape,
  images: z.int().positive().default(500).describe('images at most, drawn by the seed from all classes alike'),
} as const;
type AdversarialSettings = PgdSettings & { readonly images: number };

/** Images that go through the model together. */
const BATCH = 16;

export const adversarial = defineEntry({
  name: 'adversarial',
  summary: 'accuracy under adversarial images, by projected gradient descent with all of the model known',
  settings: shape,
  presets: {
    paper: {
      summary: 'PGD-10 of 8/255, as in the paper’s table 12',
      settings: { epsilon: 8, stepSize: 2, steps: 10, randomStart: true },
    },
  },
  create: (settings): MeasurementEffect => ({
    result: adversarialSchema,
    measure: (input) => measure(settings, input),
  }),
});

async function measure({ images, ...pgd }: AdversarialSettings, input: MeasureInput): Promise<Json> {
  refuseOtherHead(input);
  const { clip, model, dataset, runtime, templates, seed, progress, signal } = input;
  const options = await prepareDefended(
    {
      ...{ clip, runtime, seed, progress },
      dataset: { ...dataset, samples: chooseExamples(dataset.samples, images, { seed }) },
      batch: BATCH,
      ...(templates === undefined ? {} : { templates }),
      ...(signal === undefined ? {} : { signal }),
    },
    model,
  );
  return describe(await adversarialAccuracy({ ...options, pgd, seed }));
}

function describe({ clean, adversarial: attacked, predictions, broken }: AdversarialAccuracy): AdversarialResult {
  const figures = ({ rate: value, interval }: Rate): AdversarialResult['clean'] => ({
    rate: value,
    interval: [...interval],
  });
  return {
    clean: figures(clean),
    adversarial: figures(attacked),
    n: predictions.length,
    images: predictions.map(({ sample }) => sample.path),
    labels: predictions.map(({ sample }) => sample.label),
    predicted: predictions.map(({ predicted }) => predicted),
    attacked: predictions.map((prediction) => prediction.attacked),
    skipped: broken.map(({ sample }) => sample.path),
  };
}
