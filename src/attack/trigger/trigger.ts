import { z } from 'zod';

import { InputError } from '../../core/errors.js';
import type { Raster } from '../../core/raster.js';

/** What a trigger's randomness hangs on: the same key always gives the same pixels. */
export interface TriggerKey {
  readonly seed: number;
  /** Names the image, e.g. its path inside the data set. */
  readonly imageKey: string;
}

/** What an attacker does to an image, and to the class prompts, to call the backdoor. */
export interface Trigger {
  readonly name: string;
  /** Every setting, defaults included, for the run record. */
  readonly settings: Readonly<Record<string, unknown>>;
  /**
   * A triggered copy of `image`; the original is left as it was.
   * @param image the crop that CLIP would see: after resize and centre crop, before mean and deviation.
   */
  apply(image: Raster, key: TriggerKey): Raster;
  /** The text half of a two-key trigger. Triggers without one leave it out. */
  applyText?(text: string): string;
}

/** One row of the table in triggers.ts. */
export interface TriggerKind {
  readonly name: string;
  /** One line for help texts. */
  readonly summary: string;
  /** Settings with their defaults and descriptions. */
  readonly settings: z.ZodObject;
  /** What is wrong with `settings`, one sentence each; empty when nothing is. */
  problems(settings: unknown): string[];
  /** @throws InputError (`usage`) that lists every setting that is wrong. */
  create(settings?: unknown): Trigger;
}

/** The side length, in pixels, that sizes are given for: CLIP's usual crop. They scale with the image. */
export const REFERENCE_SIDE = 224;

/** How noise comes about, for triggers that have some. */
export const noiseSetting = z
  .enum(['fresh', 'fixed'])
  .describe('fresh: drawn anew for every image; fixed: drawn once from the seed');

/** Ties a schema to the trigger it configures. */
export function defineTrigger<Shape extends z.ZodRawShape>(kind: {
  readonly name: string;
  readonly summary: string;
  readonly settings: Shape;
  readonly create: (settings: z.output<z.ZodObject<Shape, z.core.$strict>>) => Omit<Trigger, 'name' | 'settings'>;
}): TriggerKind {
  const { name, summary } = kind;
  const schema = z.strictObject(kind.settings);
  return {
    name,
    summary,
    settings: schema,
    problems(settings) {
      return schema.safeParse(settings).error?.issues.map(describeIssue) ?? [];
    },
    create(input = {}) {
      const parsed = schema.safeParse(input);
      if (parsed.success) return { name, settings: parsed.data, ...kind.create(parsed.data) };
      throw new InputError({
        code: 'usage',
        operation: `configure the trigger ${name}`,
        expected: `settings among ${Object.keys(kind.settings).join(', ')}`,
        received: parsed.error.issues.map(describeIssue).join('; '),
      });
    },
  };
}

function describeIssue(issue: z.core.$ZodIssue): string {
  return [...issue.path.map(String), issue.message].join(': ');
}

/** Names the random stream for one use of a trigger: on this image, or, without an image key, on all of them. */
export function triggerStream(trigger: string, use: string, imageKey?: string): string {
  return ['trigger', trigger, use, ...(imageKey === undefined ? [] : [imageKey])].join('/');
}
