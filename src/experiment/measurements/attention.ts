import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import type { Json } from '../../core/json.js';
import { answerSchema, cropSchema } from '../../evaluation/comparison.js';
import { answerExamples, chooseExamples, type ViewedExample } from '../../evaluation/examples.js';
import { pngInBase64 } from '../../node/encode-png.js';
import { prepareDefended } from '../../run/evaluate.js';
import type { MeasureInput, MeasurementEffect } from '../measurement.js';
import { targetOf, withTarget } from './target.js';

const viewedSchema = z.object({ png: cropSchema, answer: answerSchema });

/** What `attention` finds: a few images, the same for every model, with its answers and where it looks. */
export const attentionSchema = z.object({
  examples: z.array(
    z.object({
      /** Path of the image. */
      image: z.string(),
      label: z.string(),
      clean: viewedSchema,
      /** Null without an attack. */
      triggered: viewedSchema.nullable(),
    }),
  ),
  /** Null without an attack. */
  target: z.string().nullable(),
});
export type AttentionResult = z.output<typeof attentionSchema>;

export const attention = defineEntry({
  name: 'attention',
  summary: "a few images, clean and triggered, with the three likeliest classes and the last block's attention map",
  settings: {
    images: z.int().positive().max(100).default(6).describe('images to show, of as many classes, none of the target'),
  },
  create: ({ images }): MeasurementEffect => ({
    result: attentionSchema,
    measure: (input) => measure(input, images),
  }),
});

async function measure(input: MeasureInput, images: number): Promise<Json> {
  const { clip, model, attack, runtime, templates, seed, progress, signal } = input;
  const target = attack && targetOf(input.dataset, attack.target);
  const samples = chooseExamples(input.dataset.samples, images, { seed, target: target?.label });
  const dataset = { ...(attack === undefined ? input.dataset : withTarget(input.dataset, attack.target)), samples };
  const options = await prepareDefended(
    {
      ...{ clip, dataset, runtime, seed, progress },
      ...(attack === undefined ? {} : { attack }),
      ...(templates === undefined ? {} : { templates }),
      ...(signal === undefined ? {} : { signal }),
    },
    model,
  );
  const examples = await Promise.all(
    (await answerExamples(options, dataset.classNames)).map(async ({ sample, clean, triggered }) => ({
      image: sample.path,
      label: dataset.classNames[sample.label],
      clean: await described(clean),
      triggered: triggered === undefined ? null : await described(triggered),
    })),
  );
  return attentionSchema.parse({ examples, target: target?.name ?? null });
}

async function described({ crop, answer }: ViewedExample): Promise<z.output<typeof viewedSchema>> {
  return { png: await pngInBase64(crop), answer };
}
