import { z } from 'zod';

import { InputError } from '../src/core/errors.js';
import type { Comparison } from '../src/evaluation/comparison.js';
import type { MeasureOptions } from '../src/evaluation/encode-views.js';
import { openDefended } from '../src/run/defended-model.js';
import { compareModels } from '../src/run/measure-run.js';
import { RunFolder } from '../src/run/run-folder.js';
import { attackShape, checkAttack, openAttack, type AskedAttack } from './attack-options.js';
import type { Context } from './command.js';
import { openData, type DataOptions, type OpenedData } from './data-options.js';
import { evaluationAfter, evaluationOf, withDefense } from './defended-options.js';
import { noteBroken } from './measure-options.js';
import type { OpenedModel } from './model-options.js';
import type { Format } from './output.js';

/** Options of a command that measures what it made. */
export const testShape = {
  test: z.string().optional().describe('labelled images to measure the model on, before and after, for the report'),
  ...attackShape,
};
type TestOptions = DataOptions & {
  readonly test?: string | undefined;
  readonly trigger?: string | undefined;
  readonly target?: string | undefined;
};

/** What a model will be measured on. */
export interface OpenedTest {
  readonly data: OpenedData;
  readonly asked: AskedAttack | undefined;
}

/** The figures of a model before and after a defense. */
export type MeasuredTest = Pick<Comparison, 'before' | 'after'>;

/** Images that go through the model together. */
const BATCH = 8;

/**
 * Opens images and attack before the long work, so that what is wrong with them is said then. Undefined where no
 * measurement was asked for.
 * @throws InputError (`usage`) when there is an attack and no images; what opening them throws
 */
export async function openTest(
  context: Context,
  options: TestOptions,
  model: OpenedModel,
): Promise<OpenedTest | undefined> {
  const { test } = options;
  const asked = await openAttack('rvpt defend', options);
  if (test === undefined) {
    if (asked === undefined) return undefined;
    throw new InputError({
      code: 'usage',
      operation: 'rvpt defend',
      expected: '--test with the images to attack',
      received: '--trigger without --test',
    });
  }
  // the split that was asked for is that of the images to tune on
  const listing = { preferredSplits: ['test', 'val', 'train'], emptyClasses: 'allow' } as const;
  const data = await openData(context, { ...options, split: undefined, data: test }, model, listing);
  if (asked !== undefined) checkAttack(context, { model, data }, asked);
  return { data, asked };
}

/** Measures the model as it came and as the run left it, keeps the figures in the run and gives them back. */
export async function measureTest(
  context: Context,
  { data, asked }: OpenedTest,
  model: OpenedModel,
  run: string,
): Promise<MeasuredTest> {
  const { clip, runtime } = model;
  const { dataset, decode, preprocess } = data;
  const base: MeasureOptions = {
    runtime,
    weights: clip.weights,
    source: { images: dataset.images, samples: dataset.samples, decode, preprocess, onBroken: 'skip' },
    batch: BATCH,
    progress: context.progress,
    signal: context.signal,
  };
  await using stored = await openDefended(run, clip);
  const defended = await withDefense(model, stored);
  const before = await evaluationOf(context, base, data, asked, { model });
  const after = await evaluationAfter(context, before, data, asked, { model, defended });
  const compared = await compareModels({ before, after, clip, dataset, seed: context.seed });
  noteBroken(context, compared.after.broken);
  await using folder = await RunFolder.open(run);
  await folder.writeEvaluation(compared.comparison);
  return compared.comparison;
}

/** Figures before and after, for people. */
export function describeTest({ before, after }: MeasuredTest, { table }: Format): string {
  const percent = (rate: number): string => (100 * rate).toFixed(2);
  const rows: [string, string, string, number][] = [
    ['clean accuracy (CA)', percent(before.clean.ca), percent(after.clean.ca), after.clean.n],
  ];
  if (before.attacked !== undefined && after.attacked !== undefined) {
    const { asr_strict: asr, pa } = before.attacked;
    const { asr_strict_n: strict, asr_inclusive_n: all } = after.attacked;
    rows.push(
      ['attack success rate (ASR), strict', percent(asr), percent(after.attacked.asr_strict), strict],
      ['poisoned accuracy (PA)', percent(pa), percent(after.attacked.pa), all],
    );
  }
  return table(['', 'before, %', 'after, %', 'images'], rows);
}
