import { z } from 'zod';

import { InputError } from '../src/core/errors.js';
import type { MeasureOptions } from '../src/evaluation/encode-views.js';
import { resolveTarget } from '../src/evaluation/target.js';
import { openDefended } from '../src/run/defended-model.js';
import { compareModels } from '../src/run/measure-run.js';
import { RunFolder } from '../src/run/run-folder.js';
import { attackShape, openAttack, type AskedAttack } from './attack-options.js';
import type { Context } from './command.js';
import { openData, type DataOptions, type OpenedData } from './data-options.js';
import { evaluationAfter, evaluationOf, withDefense } from './defended-options.js';
import { noteBroken } from './measure-options.js';
import type { OpenedModel } from './model-options.js';

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
  if (asked !== undefined) resolveTarget(asked.target, data.dataset.classNames); // before the long work
  return { data, asked };
}

/** Measures the model as it came and as the run left it, and keeps the figures in the run. */
export async function measureTest(
  context: Context,
  { data, asked }: OpenedTest,
  model: OpenedModel,
  run: string,
): Promise<void> {
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
}
