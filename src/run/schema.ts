import { z } from 'zod';

import { hubOriginSchema } from '../core/hub-origin.js';
import { sampleListSchema, type SampleList } from '../data/few-shot.js';

/** File names inside a run folder. */
export const runFiles = {
  config: 'config.json',
  samples: 'samples.json',
  history: 'history.jsonl',
  /** What a defense made: prompts, a classifier, or weights in a model folder. */
  prompts: 'prompts.safetensors',
  head: 'head.safetensors',
  model: 'model',
  /** Says which of them; written last. */
  defended: 'defended.json',
  metrics: 'metrics.json',
  evaluation: 'evaluation.json',
  report: 'report.html',
  state: 'state.safetensors',
} as const;

const jsonObject = z.record(z.string(), z.json());
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 in hexadecimal');

export const versionsSchema = z.object({
  rvpt: z.string(),
  onnxruntime: z.string(),
  node: z.string(),
  platform: z.string(),
});
export type Versions = z.output<typeof versionsSchema>;

/** `config.json`: what made the run, enough to make it again. */
export const runConfigSchema = z.object({
  format: z.literal('rvpt-run-1'),
  /** ISO 8601. */
  created: z.iso.datetime(),
  method: z.string(),
  /** Every setting that shapes the result, defaults filled in. */
  settings: jsonObject,
  seed: z.int(),
  /** Where the work ran: shapes the last bits of the result, no more. */
  execution: jsonObject,
  /** `origin` pins what came from a Hub. */
  model: z.object({ path: z.string(), sha256, origin: hubOriginSchema.optional() }),
  /** `sha256` is that of the canonical JSON of the chosen samples. */
  data: z.object({ path: z.string(), sha256, origin: hubOriginSchema.optional() }),
  versions: versionsSchema,
});
export type RunConfig = z.output<typeof runConfigSchema>;

/** `samples.json`: the images that were tuned on, as `--samples` reads them again. */
export const samplesSchema = sampleListSchema;
export type Samples = SampleList;

/** `metrics.json`. */
export const metricsSchema = jsonObject;

/** A line of `history.jsonl`: one optimiser step, counted from 1. */
export const historyEntrySchema = z.object({
  step: z.int().positive(),
  epoch: z.int().nonnegative(),
  loss: z.number(),
  /** Cross-entropy, where the loss has it. */
  ce: z.number().optional(),
  /** Feature repulsion, in [-1, 1], where the loss has it. */
  fr: z.number().optional(),
  learning_rate: z.number().nonnegative(),
});
export type HistoryEntry = z.output<typeof historyEntrySchema>;

/** The same of a run that tunes prompts. */
export const promptHistoryEntrySchema = historyEntrySchema.required();
export type PromptHistoryEntry = z.output<typeof promptHistoryEntrySchema>;
