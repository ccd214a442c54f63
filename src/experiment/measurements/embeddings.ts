import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { InputError } from '../../core/errors.js';
import type { Json } from '../../core/json.js';
import type { Dataset, Sample } from '../../data/sample.js';
import { cleanView, triggeredView } from '../../evaluation/attacked-views.js';
import { embedImages } from '../../evaluation/embed-images.js';
import { chooseExamples } from '../../evaluation/examples.js';
import { nearestClasses } from '../../evaluation/nearest-class.js';
import { tsneMap } from '../../evaluation/t-sne.js';
import { prepareDefended } from '../../run/evaluate.js';
import { Random } from '../../tensor/random.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import type { MeasureInput, MeasurementEffect } from '../measurement.js';
import { targetOf, type Target } from './target.js';

const share = z.number().min(0).max(1);

/** What `embeddings` finds: a map by t-SNE of clean and triggered images together; docs/measurements.md. */
export const embeddingsSchema = z.object({
  points: z.array(
    z.object({
      x: z.number(),
      y: z.number(),
      /** Path of the image. */
      image: z.string(),
      /** Its true class. */
      class: z.string(),
      triggered: z.boolean(),
    }),
  ),
  /** Null without an attack. */
  attacked: z
    .object({
      target: z.string(),
      /**
       * Of the triggered images of other classes, the shares whose nearest class mean, over clean images and among all
       * embeddings' dimensions, is their own class's and the target's; null where the map does not show the class.
       */
      nearest_own: share,
      nearest_target: share.nullable(),
    })
    .nullable(),
});
export type EmbeddingsResult = z.output<typeof embeddingsSchema>;

const settings = {
  classes: z.int().min(2).default(10).describe('classes to show, drawn by the seed; the target is one of them'),
  images: z.int().min(4).max(2000).default(200).describe('images to show, clean and triggered, as many of every class'),
  perplexity: z.number().positive().default(30).describe('neighbours of a point that t-SNE keeps near, roughly'),
  iterations: z.int().positive().default(500).describe('steps of t-SNE'),
};
type EmbeddingsSettings = z.output<z.ZodObject<typeof settings>>;

export const embeddings = defineEntry({
  name: 'embeddings',
  summary: 'a t-SNE map of clean and triggered images, and which class the triggered ones lie next to',
  settings,
  create: (chosen): MeasurementEffect => ({
    result: embeddingsSchema,
    measure: (input) => measure(input, chosen),
  }),
});

/** Images that go through the model together, in both their views. */
const BATCH = 64;

async function measure(input: MeasureInput, chosen: EmbeddingsSettings): Promise<Json> {
  const { clip, model, dataset, attack, runtime, seed, progress, signal } = input;
  const target = attack && targetOf(dataset, attack.target);
  const samples = chooseImages(dataset, target, chosen, seed);
  const options = { clip, dataset: { ...dataset, samples }, runtime, seed, progress, batch: BATCH };
  const prepared = await prepareDefended(signal === undefined ? options : { ...options, signal }, model);
  const { preprocess } = prepared.source;
  const views = [cleanView(preprocess)];
  if (attack !== undefined) views.push(triggeredView({ trigger: attack.trigger, seed }, preprocess));
  const source = { ...prepared.source, alsoSquashed: attack?.trigger.resize === 'squash' };
  const embedded = await embedImages({ ...prepared, source }, views);
  if (embedded.samples.length * views.length < 4) throw refuse(`${embedded.samples.length}`);

  const places = tsneMap(below(embedded.byView), { ...chosen, seed });
  const points = embedded.byView.flatMap((_, view) =>
    embedded.samples.map(({ path, label }, i) => {
      const [x, y] = places[view * embedded.samples.length + i];
      return { x, y, image: path, class: dataset.classNames[label], triggered: view === 1 };
    }),
  );
  return { points, attacked: target === undefined ? null : nearest(embedded.samples, embedded.byView, target) };
}

/** As many images of every class that is shown as can be; the same for every model. */
function chooseImages(
  { samples }: Dataset,
  target: Target | undefined,
  { classes, images }: EmbeddingsSettings,
  seed: number,
): Sample[] {
  const present = [...new Set(samples.map(({ label }) => label))].sort((a, b) => a - b);
  const others = Random.stream(seed, 'embeddings/classes').shuffled(present.filter((label) => label !== target?.label));
  const shown = [...present.filter((label) => label === target?.label), ...others].slice(0, classes);
  const ofThese = samples.filter(({ label }) => shown.includes(label));
  return chooseExamples(ofThese, images, { seed });
}

function nearest(
  samples: readonly Sample[],
  [clean, triggered]: readonly Tensor[],
  target: Target,
): EmbeddingsResult['attacked'] {
  const labels = samples.map(({ label }) => label);
  const found = nearestClasses(triggered, { features: clean, labels });
  const counted = found.filter((_, i) => labels[i] !== target.label);
  if (counted.length === 0) throw refuse(`only images of ${target.name}`);
  const own = found.filter((label, i) => labels[i] !== target.label && label === labels[i]).length;
  const toTarget = counted.filter((label) => label === target.label).length;
  return {
    target: target.name,
    nearest_own: own / counted.length,
    nearest_target: labels.includes(target.label) ? toTarget / counted.length : null,
  };
}

/** Matrices of equal width below each other. */
function below(parts: readonly Tensor[]): Tensor {
  const rows = parts.flatMap(({ data }) => [...data]);
  const [, width] = parts[0].shape;
  return tensor([rows.length / width, width], rows);
}

function refuse(received: string): InputError {
  return new InputError({
    code: 'data',
    operation: 'map embeddings',
    expected: 'four images or more, some of them of other classes than the target',
    received,
  });
}
