import { z } from 'zod';

import { hubOriginSchema } from '../core/hub-origin.js';
import { comparisonSchema, figuresSchema, measuredAttackSchema } from '../evaluation/comparison.js';
import { exportDtypes } from './export-dtype.js';

export const EXPORT_FORMAT = 'rvpt-export-1';

/** Names of files at the top of an export. */
export const exportFiles = { record: 'rvpt_export.json', card: 'README.md', attestation: 'attestation.json' } as const;

const share = z.number().min(0).max(1);
const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 in hexadecimal');
const jsonObject = z.record(z.string(), z.json());

const towerShape = { width: count, layers: count, heads: count, mlp_width: count, activation: z.string() };

const fileSchema = z.object({
  /** Inside the export, with forward slashes. */
  path: z.string(),
  bytes: count,
  sha256,
});
export type ExportedFile = z.output<typeof fileSchema>;

const promptsSchema = z.object({
  /** Of the values, float32, little-endian, block after block. */
  sha256,
  /** Block numbers d that have prompts. */
  blocks: z.array(count),
  /** Prompts a block, b. */
  tokens: count,
});

/** The run that the prompts come from. */
const runSchema = z.object({
  path: z.string(),
  /** Of what decides the run's result: names the run. */
  sha256,
  created: z.iso.datetime(),
  method: z.string(),
  settings: jsonObject,
  seed: z.int(),
  data: z.object({ path: z.string(), sha256 }),
  /** SHA-256 of the run's files by name. */
  files: z.record(z.string(), sha256),
  /** The run's own measurement of the model before and after, where `evaluate --save` made one; without its pictures. */
  evaluation: z.object(comparisonSchema.shape).omit({ examples: true }).optional(),
});

export const exportMeasurementSchema = z.object({
  /** `sha256` is that of the canonical list of the images. */
  data: z.object({ path: z.string(), split: z.string().optional(), classes: count, images: count, sha256 }),
  templates: z.array(z.string()),
  attack: measuredAttackSchema.optional(),
  /** Of the model that was exported, prompts included, as `rvpt evaluate` measures it: in float32. */
  reference: figuresSchema,
  /** Of the exported files, run by onnxruntime on the same images. */
  exported: z.array(
    z.object({
      dtype: z.enum(exportDtypes),
      figures: figuresSchema,
      /** Share of the images, triggered ones included, that are called what the reference calls them. */
      agreement: share,
      /** Largest difference of the logit of what the reference calls an image. */
      logit_difference: z.number().nonnegative(),
    }),
  ),
  /** Images that could not be decoded. */
  skipped: z.array(z.string()),
});
export type ExportMeasurement = z.output<typeof exportMeasurementSchema>;

/** `rvpt_export.json`: what an export is made of and how well it does. Plain JSON; rates are fractions, not rounded. */
export const exportRecordSchema = z.object({
  format: z.literal(EXPORT_FORMAT),
  /** ISO 8601. */
  created: z.iso.datetime(),
  /**
   * The checkpoint that was exported: where it was found, its naming, the digest of its weight files, and what pins
   * it if it came from a Hub.
   */
  model: z.object({ path: z.string(), format: z.string(), sha256, origin: hubOriginSchema.optional() }),
  architecture: z.object({
    vision: z.object({ ...towerShape, image_size: count, patch_size: count }),
    text: z.object({ ...towerShape, context_length: count, vocabulary_size: count }),
    embed_dim: count,
  }),
  parameters: z.object({ vision: count, text: count, total: count }),
  /** What the model was trained and measured with; transformers.js resamples in ways of its own, see docs/export.md. */
  preprocess: z.object({
    image_size: count,
    resize_to: count,
    resize_mode: z.enum(['crop', 'squash']),
    resample: z.literal('bicubic'),
    mean: z.array(z.number()),
    std: z.array(z.number()),
  }),
  /** What was not in the checkpoint's files and was taken instead. */
  assumptions: z.array(z.string()),
  /** Undefined where the model was exported as it is. */
  prompts: promptsSchema.optional(),
  /** Where the prompts are those of a run. */
  run: runSchema.optional(),
  dtypes: z.array(
    z.object({
      dtype: z.enum(exportDtypes),
      /** Paths of its ONNX files and their external data. */
      files: z.array(z.string()),
      /** Of the whole model, `onnx/model*.onnx` with its external data: text tower, vision tower and prompts. */
      bytes: count,
    }),
  ),
  onnx: z.object({ opset: count, ir_version: count }),
  /** Where labelled images were given. */
  measurement: exportMeasurementSchema.optional(),
  /** Every file of the export but this record, the model card and the attestation. */
  files: z.array(fileSchema),
  versions: z.record(z.string(), z.string()),
});
/** What stands in `rvpt_export.json`: see {@link exportRecordSchema}. */
export interface ExportRecord extends z.output<typeof exportRecordSchema> {}
