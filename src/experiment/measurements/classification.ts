import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { InputError } from '../../core/errors.js';
import type { Json } from '../../core/json.js';
import { attackMetricsSchema, cleanMetricsSchema } from '../../evaluation/comparison.js';
import { evaluateClip, type Evaluation } from '../../evaluation/evaluate.js';
import { prepareDefended } from '../../run/evaluate.js';
import type { MeasureInput, MeasurementEffect } from '../measurement.js';
import { refuseOtherHead } from './other-head.js';
import { lacksTarget, withTarget } from './target.js';

const count = z.int().nonnegative();
const classes = z.array(count);

/**
 * What `classification` finds: the figures of `rvpt evaluate --json`, with Wilson's 95 % intervals, and the answers that
 * they were counted from, so that defenses can be compared image by image.
 */
export const classificationSchema = z
  .object({
    clean: cleanMetricsSchema,
    /** Null without an attack. */
    attacked: attackMetricsSchema.nullable(),
    /** The attackers' class; null without an attack. */
    target: z.object({ index: count, name: z.string() }).nullable(),
    /** Names that the model chose among. */
    classes: z.array(z.string()),
    /** Paths of the images, in the order of the lists below. */
    images: z.array(z.string()),
    /** Index of the true class of each image. */
    labels: classes,
    /** … of the class that the model gave it. */
    predicted: classes,
    /** … and gave it with the trigger on; null without an attack. */
    triggered: classes.nullable(),
    /** Images that could not be decoded. */
    skipped: z.array(z.string()),
  })
  .refine(
    ({ images, labels, predicted, triggered }) =>
      [labels, predicted, triggered ?? images].every((list) => list.length === images.length),
    'as many labels and answers as images',
  )
  .refine(({ attacked, target, triggered }) => (attacked === null) === (target === null && triggered === null), {
    error: 'figures, target and answers under attack together or not at all',
  });
export type ClassificationResult = z.output<typeof classificationSchema>;

/** Images that go through the model together. */
const BATCH = 64;

export const classification = defineEntry({
  name: 'classification',
  summary: 'clean accuracy, attack success rate and poisoned accuracy, with the answer to every image',
  settings: {},
  create: (): MeasurementEffect => ({ result: classificationSchema, measure: classify }),
});

async function classify(input: MeasureInput): Promise<Json> {
  const { clip, model, runtime, templates, seed, progress, signal } = input;
  const { attack } = input;
  if (model.kind === 'head' && attack !== undefined) refuseUnknownTarget(input.dataset.classNames, attack.target);
  refuseOtherHead(input);
  const dataset = attack === undefined ? input.dataset : withTarget(input.dataset, attack.target);
  const options = await prepareDefended(
    {
      ...{ clip, dataset, runtime, seed, progress },
      batch: BATCH,
      ...(attack === undefined ? {} : { attack }),
      ...(templates === undefined ? {} : { templates }),
      ...(signal === undefined ? {} : { signal }),
    },
    model,
  );
  return describe(await evaluateClip(options), dataset.classNames, options.attack?.target);
}

/** A head can name only what it was trained on: without the target there is no attack success to measure. */
function refuseUnknownTarget(classNames: readonly string[], target: string): void {
  if (!lacksTarget(classNames, target)) return;
  throw new InputError({
    code: 'data',
    operation: 'measure the attack on a linear head',
    expected: `the target ${JSON.stringify(target)} among the classes that it was trained on`,
    received: `${classNames.length} others`,
    fix: 'Leave out defenses that train a head, or take data with the target.',
  });
}

function describe(
  { clean, attacked, predictions, broken }: Evaluation,
  classNames: readonly string[],
  target: number | undefined,
): ClassificationResult {
  const { ca, ca_interval, n } = clean;
  return {
    clean: { ca, ca_interval: [...ca_interval], n },
    attacked:
      attacked === undefined
        ? null
        : {
            ...attacked,
            asr_strict_interval: [...attacked.asr_strict_interval],
            asr_inclusive_interval: [...attacked.asr_inclusive_interval],
            pa_interval: [...attacked.pa_interval],
          },
    target: target === undefined ? null : { index: target, name: classNames[target] },
    classes: [...classNames],
    images: predictions.map(({ sample }) => sample.path),
    labels: predictions.map(({ sample }) => sample.label),
    predicted: predictions.map(({ predicted }) => predicted),
    triggered: target === undefined ? null : predictions.flatMap(({ triggered }) => triggered ?? []),
    skipped: broken.map(({ sample }) => sample.path),
  };
}
