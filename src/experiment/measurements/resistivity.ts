import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { jsonObjectOf, type Json } from '../../core/json.js';
import type { Perturbation } from '../../evaluation/perturbation/perturbation.js';
import { perturbations } from '../../evaluation/perturbation/perturbations.js';
import { triggerPerturbation } from '../../evaluation/perturbation/trigger-perturbation.js';
import { measureResistivity } from '../../evaluation/resistivity.js';
import { prepareDefended } from '../../run/evaluate.js';
import { Random } from '../../tensor/random.js';
import type { MeasureInput, MeasurementEffect } from '../measurement.js';

/** What `resistivity` finds: PR after d = 0 … L blocks, in [-1, 1], a mean over images. */
export const resistivitySchema = z.object({
  /** Images measured. */
  n: z.int().positive(),
  /** The natural perturbations with their defaults and, with an attack, its trigger under `trigger`. */
  perturbations: z.array(
    z.object({
      /** `gaussian-noise`, …; `trigger` for the attack's. */
      name: z.string(),
      settings: z.record(z.string(), z.json()),
      pr: z.array(z.number().min(-1).max(1)).min(2),
    }),
  ),
});
export type ResistivityResult = z.output<typeof resistivitySchema>;

/** Images that go through the model together, in all their views. */
const BATCH = 64;

export const resistivity = defineEntry({
  name: 'resistivity',
  summary: 'perturbation resistivity by block, under natural perturbations and the trigger',
  settings: {
    images: z
      .int()
      .positive()
      .default(64)
      .describe('images to measure on, drawn by the seed; all where there are fewer'),
  },
  create: ({ images }): MeasurementEffect => ({
    result: resistivitySchema,
    measure: (input) => measure(input, images),
  }),
});

async function measure(input: MeasureInput, images: number): Promise<Json> {
  const { clip, model, runtime, dataset, attack, seed, progress, signal } = input;
  const samples = Random.stream(seed, 'resistivity/images').shuffled(dataset.samples).slice(0, images);
  // class prompts play no role, and neither does the target
  const { source, weights, prompts } = await prepareDefended(
    { clip, dataset: { ...dataset, samples }, runtime, seed, progress, ...(signal === undefined ? {} : { signal }) },
    model,
  );
  const natural = perturbations.map((entry): Perturbation => entry.create());
  const all =
    attack === undefined ? natural : [...natural, { ...triggerPerturbation(attack.trigger), name: 'trigger' }];
  const { n, byPerturbation } = await measureResistivity({
    ...{ runtime, weights, source, prompts, seed, progress },
    batch: BATCH,
    perturbations: all,
    ...(signal === undefined ? {} : { signal }),
  });
  return resistivitySchema.parse({
    n,
    perturbations: all.map(({ name, settings }, i) => ({
      name,
      settings: jsonObjectOf(settings),
      pr: byPerturbation[i],
    })),
  });
}
