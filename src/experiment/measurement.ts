import type { z } from 'zod';

import type { Trigger } from '../attack/trigger/trigger.js';
import type { CatalogEntry, Named } from '../core/catalog.js';
import type { Json } from '../core/json.js';
import type { Progress } from '../core/progress.js';
import type { Dataset } from '../data/sample.js';
import type { DefendedModel } from '../defense/defense.js';
import type { LoadedClip } from '../node/load-clip.js';
import type { Runtime } from '../runtime/session.js';

/** What a measurement is taken of. */
export interface MeasureInput {
  /** The attacked model. */
  readonly clip: LoadedClip;
  /** What the defense made of it. */
  readonly model: DefendedModel;
  /** Names of the classes that the defense learnt, in their order: all that a head knows. Undefined: not told. */
  readonly learntClasses?: readonly string[];
  /** The images, and the names of their classes. */
  readonly dataset: Dataset;
  /** Class prompt templates that the defense was tuned with; undefined: the data set's own. */
  readonly templates?: readonly string[];
  /** Undefined for a model that nobody attacked. `target` is a class name, which the data set may lack. */
  readonly attack?: { readonly trigger: Trigger; readonly target: string };
  readonly runtime: Runtime;
  /**
   * Folder for what measurements make once and share, such as a captioner, under names that say what decided it; it is
   * made when something is written. Undefined: nothing is kept.
   */
  readonly work?: string;
  /** Of whatever is drawn in the measurement: the same for every cell, so that cells compare on the same images. */
  readonly seed: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** A measurement whose settings are chosen. */
export interface MeasurementEffect {
  /** What it finds: plain JSON, rates as fractions. A stored result is parsed by it before it is believed. */
  readonly result: z.ZodType<Json>;
  /** @throws InputError when model, data and attack cannot be measured so */
  measure(input: MeasureInput): Promise<Json>;
}

/** A line in the table of measurements. */
export type MeasurementEntry = CatalogEntry<MeasurementEffect>;
export type Measurement = MeasurementEffect & Named;
