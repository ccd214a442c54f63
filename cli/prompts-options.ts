import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

import { foldPrompts } from '../src/inference/fold-prompts.js';
import type { FoldedPrompts } from '../src/model/clip-graphs.js';
import type { RunRecord } from '../src/run/read-run.js';
import { readTunedPrompts } from '../src/run/tuned-prompts.js';
import type { Context } from './command.js';
import type { OpenedData } from './data-options.js';
import type { OpenedModel } from './model-options.js';

/** The option of every command that can measure a defended model. */
export const promptsShape = {
  prompts: z.string().optional().describe('measure the model with these prompts: a run of `rvpt defend`, or its file'),
};

/** What prompts are to be measured on; those of a run may have been tuned on something else. */
type MeasuredOn = Pick<OpenedData, 'dataset' | 'templates'>;

/**
 * The prompts' keys and values, ready for the model; undefined where none were asked for. Other classes or class
 * prompts than those of the run are fine to measure on, and the person is told.
 * @throws InputError when there are none, or they were tuned for another checkpoint
 */
export async function openPrompts(
  context: Context,
  { prompts }: { readonly prompts?: string | undefined },
  { clip, runtime }: OpenedModel,
  measuredOn: MeasuredOn,
): Promise<FoldedPrompts | undefined> {
  if (prompts === undefined) return undefined;
  const tuned = await readTunedPrompts(prompts, clip);
  if (tuned.run !== undefined) {
    for (const difference of differences(tuned.run, measuredOn)) context.note(`${prompts}: ${difference}`);
  }
  return await foldPrompts(runtime, clip.weights, tuned.prompts);
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
