import { z } from 'zod';

import { comparisonSchema } from '../evaluation/comparison.js';

const json = z.record(z.string(), z.json());
const place = z.object({ path: z.string(), sha256: z.string() });

/** Losses of tuning steps; a point may be the mean of several. */
const historySchema = z.object({
  /** Steps that a point is the mean of. */
  stepsPerPoint: z.int().positive(),
  points: z.array(
    z.object({
      /** The last of its steps, counted from 1. */
      step: z.int().positive(),
      loss: z.number(),
      ce: z.number().optional(),
      fr: z.number().optional(),
      learningRate: z.number(),
    }),
  ),
});

/** Where a run's numbers come from. */
const provenanceSchema = z.object({
  /** ISO 8601. */
  created: z.string(),
  seed: z.int(),
  model: place,
  data: place,
  execution: json,
  versions: z.record(z.string(), z.string()),
  /** The images that were tuned on, by class. */
  samples: z.array(z.object({ class: z.string(), images: z.array(z.string()) })),
});

const modelSchema = z.object({
  /** What tells the model from the others of the report: its attack, or its run. */
  name: z.string(),
  /** How it was defended: `rvpt`. */
  method: z.string(),
  /** The run's folder. */
  run: z.string(),
  /** Undefined where the run was not measured. */
  comparison: comparisonSchema.optional(),
  /** The same model and images, tuned in a way that should not help: the matched control. */
  control: z.object({ method: z.string(), run: z.string(), comparison: comparisonSchema }).optional(),
  history: historySchema,
  settings: json,
  provenance: provenanceSchema,
});
export type ReportModel = z.output<typeof modelSchema>;

export const reportDataSchema = z.object({
  format: z.literal('rvpt-report-1'),
  title: z.string(),
  models: z.array(modelSchema).min(1),
});
/** Everything that stands in a report, as plain JSON: the same data give the same page. */
export interface ReportData extends z.output<typeof reportDataSchema> {}
