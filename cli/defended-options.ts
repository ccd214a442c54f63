import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

import type { MeasureOptions } from '../src/evaluation/encode-views.js';
import type { EvaluateOptions } from '../src/evaluation/evaluate.js';
import { refuseOtherClassNames } from '../src/evaluation/head-classes.js';
import { foldPrompts } from '../src/inference/fold-prompts.js';
import type { LinearHead, FoldedPrompts } from '../src/model/clip-graphs.js';
import { openDefended, type StoredDefense } from '../src/run/defended-model.js';
import type { RunRecord } from '../src/run/read-run.js';
import { attackOn, type AskedAttack } from './attack-options.js';
import type { Context } from './command.js';
import { textFeaturesOf, type OpenedData } from './data-options.js';
import type { OpenedModel } from './model-options.js';

/** The option of every command that can measure a defended model. */
export const promptsShape = {
  prompts: z
    .string()
    .optional()
    .describe('measure the model as this run of `rvpt defend` left it, or with this file of prompts'),
};

/** What a defended model is to be measured on; that of a run may have been tuned on something else. */
type MeasuredOn = Pick<OpenedData, 'dataset' | 'templates'>;

/** A model as a defense left it, ready to be run: with other weights, or with something beside its own. */
export interface DefendedClip {
  readonly model: OpenedModel;
  readonly prompts?: FoldedPrompts;
  readonly head?: LinearHead;
  /** Classes that the head was trained on; undefined where its run does not tell. */
  readonly headClasses?: readonly string[] | undefined;
}

/** One that was read from disk; dispose of it when done. */
export interface OpenedDefense extends AsyncDisposable {
  readonly clip: DefendedClip;
}

/**
 * Opens what a defense made of a model; the model itself where none was asked for. Other classes or class prompts than
 * those of the run are fine to measure on, and the person is told.
 * @throws InputError when there is none, or it was made of another checkpoint
 */
export async function openDefense(
  context: Context,
  { prompts }: { readonly prompts?: string | undefined },
  model: OpenedModel,
  measuredOn: MeasuredOn,
): Promise<OpenedDefense> {
  if (prompts === undefined) return { clip: { model }, [Symbol.asyncDispose]: () => Promise.resolve() };
  const defended = await openDefended(prompts, model.clip);
  if (defended.run !== undefined) {
    for (const difference of differences(defended.run, measuredOn)) context.note(`${prompts}: ${difference}`);
  }
  const clip = await withDefense(model, defended);
  return { clip, [Symbol.asyncDispose]: () => defended[Symbol.asyncDispose]() };
}

/** The model as the defense left it. @param run that it lies in, if it does */
export async function withDefense(
  model: OpenedModel,
  { model: defended, run }: Pick<StoredDefense, 'model'> & { readonly run: RunRecord | undefined },
): Promise<DefendedClip> {
  const { clip, runtime } = model;
  switch (defended.kind) {
    case 'unchanged':
      return { model };
    case 'prompts':
      return { model, prompts: await foldPrompts(runtime, clip.weights, defended.prompts) };
    case 'weights':
      return { model: { ...model, clip: { ...clip, weights: defended.weights } } };
    case 'head':
      return { model, head: defended.head, headClasses: run?.samples?.classes };
  }
}

/**
 * What an evaluation of the model needs: with the text features of its own text tower.
 * @throws InputError (`mismatch`) for a linear head that was trained on other classes
 */
export async function evaluationOf(
  context: Context,
  base: MeasureOptions,
  data: OpenedData,
  asked: AskedAttack | undefined,
  { model, prompts, head, headClasses }: DefendedClip,
): Promise<EvaluateOptions> {
  if (headClasses !== undefined) refuseOtherClassNames(headClasses, data.dataset.classNames);
  return {
    ...base,
    prompts,
    head,
    weights: model.clip.weights,
    textFeatures: await textFeaturesOf(context, model, data),
    ...(asked === undefined ? {} : { attack: await attackOn(context, { model, data }, asked) }),
  };
}

/** The same for the model as a defense left it, given that of the model as it came. */
export async function evaluationAfter(
  context: Context,
  before: EvaluateOptions,
  data: OpenedData,
  asked: AskedAttack | undefined,
  { model, defended }: { readonly model: OpenedModel; readonly defended: DefendedClip },
): Promise<EvaluateOptions> {
  const { model: after, prompts, head, headClasses } = defended;
  if (after !== model) return evaluationOf(context, before, data, asked, defended);
  if (headClasses !== undefined) refuseOtherClassNames(headClasses, data.dataset.classNames);
  // text features are the same where the text tower is
  return { ...before, prompts, head };
}

/** What the run was tuned on and is not measured on, in sentences. */
function differences({ config, samples }: RunRecord, { dataset, templates }: MeasuredOn): string[] {
  const { classNames } = dataset;
  const found: string[] = [];
  if (samples !== undefined && !isDeepStrictEqual(samples.classes, classNames)) {
    found.push(`tuned on other classes (${samples.classes.length}) than these (${classNames.length})`);
  }
  const { templates: tunedWith } = config.settings;
  if (!isDeepStrictEqual(tunedWith, templates)) {
    found.push(`tuned with other class prompts (${JSON.stringify(tunedWith)}); --template sets them`);
  }
  return found;
}
