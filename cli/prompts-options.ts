import { stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

import { InputError } from '../src/core/errors.js';
import { decodePrompts } from '../src/defense/prompts-file.js';
import { foldPrompts } from '../src/inference/fold-prompts.js';
import type { FoldedPrompts } from '../src/model/clip-graphs.js';
import { FileBytes } from '../src/node/files.js';
import { readRun } from '../src/run/read-run.js';
import { runFiles } from '../src/run/schema.js';
import type { Context } from './command.js';
import type { OpenedModel } from './model-options.js';

/** The option of every command that can measure a defended model. */
export const promptsShape = {
  prompts: z.string().optional().describe('measure the model with these prompts: a run of `rvpt defend`, or its file'),
};

/**
 * The prompts' keys and values, ready for the model; undefined where none were asked for. Prompts of a run that was
 * tuned on other classes than `classNames` are fine to measure, and the person is told.
 * @throws InputError when there are none, or they were tuned for another checkpoint
 */
export async function openPrompts(
  context: Context,
  { prompts }: { readonly prompts?: string | undefined },
  { clip, runtime }: OpenedModel,
  classNames: readonly string[],
): Promise<FoldedPrompts | undefined> {
  if (prompts === undefined) return undefined;
  await using file = (await isFolder(prompts))
    ? await openRunPrompts(context, prompts, classNames)
    : await FileBytes.open(prompts);
  return await foldPrompts(runtime, clip.weights, await decodePrompts(file, clip.weights.architecture, clip.sha256));
}

async function isFolder(location: string): Promise<boolean> {
  return stat(location).then(
    (info) => info.isDirectory(),
    () => false, // opening it as a file says why it cannot be
  );
}

async function openRunPrompts(context: Context, folder: string, classNames: readonly string[]): Promise<FileBytes> {
  const { samples } = await readRun(folder);
  const file = await FileBytes.open(path.join(folder, runFiles.prompts)).catch((thrown: unknown) => {
    if (!(thrown instanceof InputError && thrown.code === 'missing')) throw thrown;
    throw new InputError({
      code: 'missing',
      operation: `open the run ${folder}`,
      expected: `a finished run with ${runFiles.prompts}`,
      received: 'one without',
      fix: 'Finish it with `rvpt defend --resume`.',
      cause: thrown,
    });
  });
  const tuned = samples === undefined ? classNames : samples.classes;
  const same = tuned.length === classNames.length && tuned.every((name, i) => name === classNames[i]);
  if (!same) context.note(`${folder}: tuned on other classes (${tuned.length}) than these (${classNames.length}).`);
  return file;
}
