import { stat } from 'node:fs/promises';
import path from 'node:path';

import { InputError } from '../core/errors.js';
import { decodePrompts } from '../defense/prompts-file.js';
import type { VisualPrompts } from '../inference/fold-prompts.js';
import { FileBytes } from '../node/files.js';
import type { LoadedClip } from '../node/load-clip.js';
import { readRun, type RunRecord } from './read-run.js';
import { runFiles } from './schema.js';

/** Prompts that were read from disk, and the run that they lie in, if they do. */
export interface TunedPrompts {
  readonly prompts: VisualPrompts;
  readonly run: RunRecord | undefined;
}

/**
 * Reads the prompts of a run of `rvpt defend`, or a prompts file.
 * @throws InputError when there are none, or they were tuned for another checkpoint
 */
export async function readTunedPrompts(
  location: string,
  { weights, sha256 }: Pick<LoadedClip, 'weights' | 'sha256'>,
): Promise<TunedPrompts> {
  const run = (await isFolder(location)) ? await readRun(location) : undefined;
  await using file = run === undefined ? await FileBytes.open(location) : await openRunPrompts(run);
  return { prompts: await decodePrompts(file, weights.architecture, sha256), run };
}

async function isFolder(location: string): Promise<boolean> {
  return stat(location).then(
    (info) => info.isDirectory(),
    () => false, // opening it as a file says why it cannot be
  );
}

function openRunPrompts({ folder, config, metrics }: RunRecord): Promise<FileBytes> {
  return FileBytes.open(path.join(folder, runFiles.prompts)).catch((thrown: unknown) => {
    if (!(thrown instanceof InputError && thrown.code === 'missing')) throw thrown;
    const finished = metrics !== undefined;
    throw new InputError({
      code: 'missing',
      operation: `open the run ${folder}`,
      expected: `a finished run with ${runFiles.prompts}`,
      received: finished ? `one of ${config.method}, which makes none` : 'one without',
      fix: finished
        ? `If it made weights, they are a model of their own: ${path.join(folder, runFiles.model)}.`
        : 'Finish it with `rvpt defend --resume`.',
      cause: thrown,
    });
  });
}
