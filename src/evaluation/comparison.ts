import { z } from 'zod';

import { hubOriginSchema } from '../core/hub-origin.js';

const share = z.number().min(0).max(1);
const interval = z.tuple([share, share]);
const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 in hexadecimal');

/** `CleanMetrics`, as `evaluate --json` prints them. */
export const cleanMetricsSchema = z.object({ ca: share, ca_interval: interval, n: count });

/** `AttackMetrics`, as `evaluate --json` prints them. */
export const attackMetricsSchema = z.object({
  asr_strict: share,
  asr_strict_interval: interval,
  asr_strict_n: count,
  asr_inclusive: share,
  asr_inclusive_interval: interval,
  asr_inclusive_n: count,
  pa: share,
  pa_interval: interval,
});

/** The figures of one model. */
export const figuresSchema = z.object({ clean: cleanMetricsSchema, attacked: attackMetricsSchema.optional() });
export type Figures = z.output<typeof figuresSchema>;

/** The attack that triggered images were made with. */
export const measuredAttackSchema = z.object({
  trigger: z.object({ name: z.string().min(1), settings: z.record(z.string(), z.json()) }),
  target: z.object({ index: count, name: z.string() }),
  /** Of the randomness in the trigger. */
  seed: z.int(),
});

/** PR after d blocks, d = 0 … L, in [-1, 1]. */
const curve = z.array(z.number().min(-1).max(1)).min(2).max(1000);

const resistivitySchema = z.object({
  /** Images measured. */
  n: count,
  perturbations: z
    .array(
      z
        .object({ name: z.string(), settings: z.record(z.string(), z.json()), before: curve, after: curve })
        .refine(({ before, after }) => before.length === after.length, 'as many blocks before as after'),
    )
    .max(50),
});

export const answerSchema = z.object({
  /** The likeliest classes, the likeliest first. */
  top: z
    .array(z.object({ class: z.string(), probability: share }))
    .min(1)
    .max(10),
  /** The last block's attention of the class token to each patch, left to right and down; mean over heads. */
  attention: z
    .array(share)
    .min(1)
    .max(2 ** 12)
    .refine(({ length }) => Number.isInteger(Math.sqrt(length)), 'as many patches across as down'),
});
export type Answer = z.output<typeof answerSchema>;

/** What a model saw, after resize and crop: a PNG in base64. */
export const cropSchema = z.base64().regex(/^iVBORw0KGgo/, 'a PNG in base64');

const pictureSchema = z.object({
  png: cropSchema,
  before: answerSchema,
  after: answerSchema,
});
export type Picture = z.output<typeof pictureSchema>;

const exampleSchema = z.object({
  /** Path inside the data set. */
  image: z.string(),
  label: z.string(),
  clean: pictureSchema,
  /** Where there was an attack. */
  triggered: pictureSchema.optional(),
});
export type Example = z.output<typeof exampleSchema>;

/**
 * `evaluation.json`: one model without and with prompts on the same images, and with an attack on the same triggered
 * images. Plain JSON; rates are fractions, not rounded.
 */
export const comparisonSchema = z
  .object({
    format: z.literal('rvpt-comparison-1'),
    /** ISO 8601. */
    created: z.iso.datetime(),
    /** `origin` pins what came from a Hub. */
    model: z.object({ path: z.string(), sha256, origin: hubOriginSchema.optional() }),
    /** `sha256` is that of the canonical list of the images. */
    data: z.object({
      path: z.string(),
      split: z.string().optional(),
      classes: count,
      images: count,
      sha256,
      origin: hubOriginSchema.optional(),
    }),
    attack: measuredAttackSchema.optional(),
    before: figuresSchema,
    after: figuresSchema,
    resistivity: resistivitySchema,
    examples: z.array(exampleSchema).max(100),
    /** Images that could not be decoded. */
    skipped: z.array(z.string()),
    versions: z.record(z.string(), z.string()),
  })
  .refine(
    ({ attack, before, after, examples }) =>
      [before.attacked, after.attacked, ...examples.map(({ triggered }) => triggered)].every(
        (part) => (part === undefined) === (attack === undefined),
      ),
    'figures under attack, and triggered examples, wherever there is an attack and nowhere else',
  );
/** What stands in `evaluation.json`: see {@link comparisonSchema}. */
export interface Comparison extends z.output<typeof comparisonSchema> {}
