import type { TopLevelSpec } from 'vega-lite';
import { z } from 'zod';

import { answerSchema } from '../evaluation/comparison.js';

const list = <Item extends z.ZodType>(item: Item): z.ZodReadonly<z.ZodArray<Item>> => z.array(item).readonly();

/** Names a part among those of the page, and its files. */
const id = z
  .string()
  .max(80)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'small letters, digits and dashes');

/** A file or folder, from the folder that the document lies in; `/` between names. */
const path = z.string().min(1);

const interval = z.tuple([z.number(), z.number()]).readonly();

/** One entry of a table. */
const entrySchema = z
  .object({
    /** What is read: `97.3 %`, `0.1 (93.2)`. */
    text: z.string(),
    /** What the column is sorted by, and what is best among entries: the mean, unrounded. Entries without come last. */
    value: z.number().optional(),
    /** Of the value, at 95 %, in its unit: what {@link markBest} tells ties by. */
    interval: interval.optional(),
    /** Small, below: the interval in words, the number of seeds. */
    detail: z.string().optional(),
    /** The paper's figure, as the paper prints it. */
    published: z.string().optional(),
    /** The best of its kind, or as good as the best: set by {@link markBest}. */
    best: z.boolean().optional(),
    /** What the entry leads to. */
    path: path.optional(),
  })
  .readonly();
export type TableEntry = z.output<typeof entrySchema>;

const columnSchema = z
  .object({
    label: z.string(),
    /** Small, below: the unit, what is better. */
    detail: z.string().optional(),
  })
  .readonly();

const tableSchema = z.object({
  kind: z.literal('table'),
  title: z.string().optional(),
  /** What is shown: metrics, intervals over what, what bold means. */
  caption: z.string().optional(),
  /** The first is that of the rows' names. */
  columns: list(columnSchema).refine(({ length }) => length > 1, 'a column for names and one for what they have'),
  /** An entry a column; the first names the row. */
  rows: list(list(entrySchema)),
});
export type DocumentTable = z.output<typeof tableSchema>;

const chartSchema = z
  .object({
    title: z.string(),
    /** In words, for those who cannot see it. */
    description: z.string(),
    /** Complete in itself, data within; colours are left to whoever draws it. */
    spec: z.custom<TopLevelSpec>(
      (value) => typeof value === 'object' && value !== null && '$schema' in value,
      'a Vega-Lite specification',
    ),
    /** The numbers drawn. */
    table: z.object({ head: list(z.string()), rows: list(list(z.union([z.string(), z.number()]))) }).readonly(),
  })
  .readonly();
/** A drawing and what it draws. */
export type Chart = z.output<typeof chartSchema>;

const figureSchema = z.object({
  kind: z.literal('figure'),
  /** Names its files too: `pr-by-block-1.svg`. */
  id,
  title: z.string().optional(),
  caption: z.string(),
  /** Beside each other. */
  charts: list(chartSchema),
});
export type DocumentFigure = z.output<typeof figureSchema>;

const pictureSchema = z
  .object({
    caption: z.string(),
    /** In base64. */
    png: z.base64().regex(/^iVBORw0KGgo/, 'a PNG in base64'),
    /** Laid over the picture: a number a patch, left to right and down, as many across as down. */
    attention: answerSchema.shape.attention.readonly().optional(),
  })
  .readonly();

const answersSchema = z
  .object({
    /** Whose: `before`, `after RVPT`. */
    label: z.string(),
    /** The likeliest classes, the likeliest first. */
    top: answerSchema.shape.top.readonly(),
  })
  .readonly();

const cardSchema = z
  .object({
    /** What the pictures show: the true class, or a trigger's name. */
    title: z.string(),
    pictures: list(pictureSchema),
    /** A sentence below the pictures. */
    note: z.string().optional(),
    /** The true class, marked among the answers. */
    truth: z.string().optional(),
    /** The attackers' class, marked among the answers. */
    target: z.string().optional(),
    answers: list(answersSchema),
  })
  .readonly();

const gallerySchema = z.object({
  kind: z.literal('gallery'),
  title: z.string().optional(),
  caption: z.string().optional(),
  cards: list(cardSchema),
});
export type DocumentGallery = z.output<typeof gallerySchema>;

export const verdicts = ['holds', 'does not hold', 'cannot be told'] as const;

const findingSchema = z
  .object({
    /** One sentence. */
    claim: z.string(),
    verdict: z.enum(verdicts),
    /** The figures that decide it, in words. */
    why: z.string(),
  })
  .readonly();
/** Something that the paper found, and whether it is so here. */
export type Finding = z.output<typeof findingSchema>;

/** A block of a section. */
export const blockSchema = z.discriminatedUnion('kind', [
  /** Plain sentences, a paragraph each. */
  z.object({ kind: z.literal('prose'), paragraphs: list(z.string()) }),
  tableSchema,
  figureSchema,
  gallerySchema,
  z.object({ kind: z.literal('findings'), title: z.string().optional(), findings: list(findingSchema) }),
  z.object({
    kind: z.literal('links'),
    title: z.string().optional(),
    links: list(z.object({ label: z.string(), path }).readonly()),
  }),
  /** Names and what they stand for: words of the field, settings, provenance. */
  z.object({
    kind: z.literal('facts'),
    title: z.string().optional(),
    facts: list(z.object({ name: z.string(), value: z.string() }).readonly()),
  }),
]);
export type Block = z.output<typeof blockSchema>;

const sectionSchema = z
  .object({
    /** Unique in the document. */
    id,
    heading: z.string(),
    blocks: list(blockSchema),
    /** Closed until somebody opens it. */
    folded: z.boolean().optional(),
  })
  .readonly();
export type DocumentSection = z.output<typeof sectionSchema>;

export const reportDocumentSchema = z.object({
  format: z.literal('rvpt-document-1'),
  title: z.string(),
  /** What the document is about, in a sentence or two. */
  lead: z.string().optional(),
  sections: list(sectionSchema)
    .refine((all) => new Set(all.map((section) => section.id)).size === all.length, 'every section an id of its own')
    .refine((all) => {
      const ids = all.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === 'figure' ? block.id : [])));
      return new Set(ids).size === ids.length;
    }, 'every figure an id of its own'),
  /** Where the numbers come from: commands, seeds, machine, versions, time taken. */
  provenance: list(z.object({ name: z.string(), value: z.string() }).readonly()),
});
/** A report as plain JSON: the same document gives the same page. Every string is text, never markup. */
export interface ReportDocument extends z.output<typeof reportDocumentSchema> {}

/** Whether the smallest value is best, or the largest. */
export type Better = 'lower' | 'higher';

/**
 * The entries with the best one marked, and with it every one that is as good: whose 95 % interval meets the interval
 * of the best. Without an interval only an equal value is as good. Entries without a value take no part.
 */
export function markBest(entries: readonly TableEntry[], better: Better): TableEntry[] {
  const sign = better === 'lower' ? 1 : -1;
  const ranked = entries
    .flatMap(({ value, interval: around }) =>
      value === undefined ? [] : [{ value, around: around ?? [value, value] }],
    )
    .sort((a, b) => sign * (a.value - b.value));
  const best = ranked.at(0);
  return entries.map((entry) => {
    const { value, interval: around } = entry;
    if (best === undefined || value === undefined) return entry;
    const [low, high] = around ?? [value, value];
    return low <= best.around[1] && high >= best.around[0] ? { ...entry, best: true } : entry;
  });
}
