import { z } from 'zod';

import type { JsonObject } from '../core/json.js';

const slug = z
  .string()
  .max(80)
  .regex(/^[a-z0-9][a-z0-9._-]*$/, 'small letters, digits, dots, dashes and underscores');
const json = z.record(z.string(), z.json());
const template = z.string().includes('{class}');
const attackName = z
  .string()
  .max(80)
  .regex(/^\w[\w.-]*(\+\w[\w.-]*)?$/, 'the name of a model, or model+trigger');

/** Labelled images: `emoji:a`, `emoji:b`, `emoji:a/unseen`, `emoji:a/mono`, or whatever `--data` takes. */
const dataLocation = z.string().min(1);

/** A list that is not empty. */
const oneOrMore = <Item extends z.ZodType>(item: Item): z.ZodArray<Item> => z.array(item).min(1).max(1000);

/** A defense of a grid. */
const defenseSchema = z.strictObject({
  /** What tells it from the others in tables: by default its method, and what is varied of it. */
  label: z.string().min(1).max(80).optional(),
  /** A name of the table of defenses, with a preset or not: `rvpt`, `rvpt@paper`. */
  method: z.string().min(1),
  /** Settings that are not the preset's. */
  settings: json.default({}),
  /** Settings that take each of several values in turn: the defense becomes one for each combination. */
  vary: z.record(z.string(), oneOrMore(z.json())).default({}),
  /** Images a class to learn from; the grid's by default. */
  shots: z.preprocess(
    (value) => (typeof value === 'number' ? [value] : value),
    oneOrMore(z.int().positive()).optional(),
  ),
  /** Leave the images of the target class out of what it learns from (the paper's "woTC"). */
  withoutTarget: z.boolean().default(false),
  /** Class prompts that it learns with; the data set's own by default. */
  templates: z.array(template).min(1).optional(),
});

/** Something to measure of every defended model. */
const measureSchema = z.strictObject({
  /** A name of the table of measurements: `classification`, `resistivity`, … */
  measure: z.string().min(1),
  /** What tells it from the others in tables: by default its name. */
  label: z.string().min(1).max(80).optional(),
  /** What it is measured on; the grid's test images by default. */
  data: dataLocation.optional(),
  /** Images of every class, of data that are rendered; drawn by seed 0 from others. */
  perClass: z.int().positive().optional(),
  /** The measurement's own settings. */
  settings: json.default({}),
});

/** Where the attacked models are. */
const zooSchema = z.strictObject({
  /** What tells it from the others in tables. */
  label: z.string().min(1).max(80),
  /**
   * `zoo:` for the models of the package, or a folder with a model folder a attack, as `rvpt poison` writes them: its
   * `manifest.json` tells trigger and target.
   */
  location: z.string().min(1),
  /** Make it first where it is not there: settings of `rvpt pretrain` that differ from its defaults. */
  make: json.optional(),
  /**
   * Make its model `clean` first where it is not there, of the same size as `zoo:clean` but from labels alone: settings
   * of that training that differ from its defaults.
   */
  makeFromLabels: json.optional(),
});

/**
 * An experiment as data: every defense on every attack with every seed, everything measured of each. What stands in a
 * YAML file; unknown keys are refused.
 */
export const gridSchema = z.strictObject({
  format: z.literal('rvpt-grid-1'),
  name: slug,
  summary: z.string().min(1).max(400),
  zoos: oneOrMore(zooSchema).default([{ label: 'zoo', location: 'zoo:' }]),
  /**
   * Names of models in the zoo; `clean` is the one that nobody attacked. `clean+badnet` is the same model, measured with
   * the trigger of the model `badnet`.
   */
  attacks: oneOrMore(attackName),
  defenses: oneOrMore(
    z.union([
      z
        .string()
        .min(1)
        .transform((method) => defenseSchema.parse({ method })),
      defenseSchema,
    ]),
  ),
  seeds: oneOrMore(z.int().nonnegative()),
  /** Images to learn from, its split `train`, and to measure on, its split `test`. */
  data: dataLocation.default('emoji:a'),
  /** The split that is measured on: settings are chosen on `validation`, figures that are told are of `test`. */
  split: z.enum(['validation', 'test']).default('test'),
  /** Images a class to learn from. */
  shots: z.int().positive().default(16),
  /**
   * Run the cells one after the other, however many jobs there are, and do not share them with grids that do not: so
   * that what they cost is their own.
   */
  alone: z.boolean().default(false),
  /** Image-caption pairs for defenses that learn from pairs; by default the emoji world's own. */
  pairs: z
    .strictObject({ location: z.string().min(1), count: z.int().positive() })
    .partial()
    .default({}),
  measures: oneOrMore(
    z.union([
      z
        .string()
        .min(1)
        .transform((measure) => measureSchema.parse({ measure })),
      measureSchema,
    ]),
  ).default([measureSchema.parse({ measure: 'classification' })]),
});
/** An experiment, everything left out filled in. */
export interface Grid extends z.output<typeof gridSchema> {}
export type GridDefense = Grid['defenses'][number];
export type GridMeasure = Grid['measures'][number];

/** One defended model of a grid, named by the axes of the grid: what tables and figures group by. */
export interface Cell {
  /** Label of the zoo. */
  readonly zoo: string;
  /** Name of the attacked model. */
  readonly attack: string;
  /** Label of the defense; where settings are varied, with them: `rvpt alpha=4`. */
  readonly defense: string;
  /** Its name in the table of defenses. */
  readonly method: string;
  /** What is varied of it, `shots` among it: the x of an ablation curve. */
  readonly varied: JsonObject;
  readonly withoutTarget: boolean;
  readonly seed: number;
}

/** What came of a cell. */
export interface CellOutcome {
  readonly cell: Cell;
  /** Its run folder: named by what it holds, the same for the same settings, images, model and seed. */
  readonly run: string;
  /** What it cost; undefined where the defense did not finish. */
  readonly cost?: CellCost;
  /** By label of the measure: what the measurement found, as its schema says. */
  readonly measured: Readonly<Record<string, unknown>>;
  /** Why the defense or a measurement did not finish, one line each. */
  readonly failures: readonly string[];
}

/** What it took to defend the model of a cell. */
export interface CellCost {
  /** Wall time of the defense alone. */
  readonly seconds: number;
  /** The largest resident size of the process while it went, in bytes. */
  readonly peakBytes: number;
  readonly steps: number;
  readonly trainableParameters: number;
  /** Images, or pairs, that it learnt from. */
  readonly samples: number;
}
