import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

import { InputError } from '../core/errors.js';
import type { DefendedModel } from '../defense/defense.js';
import { decodeHead, encodeHead } from '../defense/head-file.js';
import { decodePrompts, encodePrompts } from '../defense/prompts-file.js';
import { FileBytes } from '../node/files.js';
import { loadClip, type LoadedClip } from '../node/load-clip.js';
import { writeAtomic } from './atomic-file.js';
import { readRun, type RunRecord } from './read-run.js';
import { readJson, readOrUndefined, writeJson } from './run-files.js';
import { runFiles } from './schema.js';
import { readTunedPrompts } from './tuned-prompts.js';
import { writeModelFolder } from './write-model-folder.js';

const recordSchema = z.object({
  format: z.literal('rvpt-defended-1'),
  kind: z.enum(['unchanged', 'prompts', 'weights', 'head']),
  method: z.string(),
  /** sha256 of the checkpoint that was defended. */
  model: z.string(),
});

/** What was defended. */
/** What a defended model is told from: the model that was defended. */
export type DefendedBase = Pick<LoadedClip, 'weights' | 'preprocess' | 'folder' | 'sha256'>;

/** A defended model that was read back; dispose of it, as weights are read from disk when they are needed. */
export interface StoredDefense extends AsyncDisposable {
  readonly model: DefendedModel;
  readonly method: string;
}

/**
 * Writes what a defense made of a model into its run: `prompts.safetensors`, `head.safetensors`, or the folder `model`,
 * which loads like any other checkpoint; and `defended.json`, which comes last: where it is, all else is there.
 * @param alpha α, where the defense has one
 * @throws InputError (`storage`)
 */
export async function writeDefendedModel(
  folder: string,
  model: DefendedModel,
  base: DefendedBase,
  { method, alpha = 0 }: { readonly method: string; readonly alpha?: number },
): Promise<void> {
  if (model.kind === 'prompts') {
    const { layers } = base.weights.architecture.vision;
    const bytes = encodePrompts(model.prompts, layers, { model: base.sha256, method, alpha });
    await writeAtomic(path.join(folder, runFiles.prompts), bytes);
  } else if (model.kind === 'head') {
    await writeAtomic(path.join(folder, runFiles.head), encodeHead(model.head, { model: base.sha256, method }));
  } else if (model.kind === 'weights') {
    const tokenizer = await readOrUndefined(path.join(base.folder, 'tokenizer.json'));
    await mkdir(path.join(folder, runFiles.model), { recursive: true });
    await writeModelFolder(path.join(folder, runFiles.model), {
      weights: model.weights,
      preprocess: base.preprocess,
      ...(tokenizer === undefined ? {} : { tokenizer }),
    });
  }
  const record = { format: 'rvpt-defended-1', kind: model.kind, method, model: base.sha256 };
  await writeJson(path.join(folder, runFiles.defended), record);
}

/**
 * Reads what {@link writeDefendedModel} wrote; undefined where the defense has not come to its end.
 * @throws InputError (`malformed`), and (`mismatch`) when it was made of another model
 */
export async function readDefendedModel(folder: string, base: DefendedBase): Promise<StoredDefense | undefined> {
  const record = await readJson(path.join(folder, runFiles.defended), recordSchema);
  if (record === undefined) return undefined;
  if (record.model !== base.sha256) {
    throw new InputError({
      code: 'mismatch',
      operation: `open the defended model in ${folder}`,
      expected: `one made of the model with sha256 ${base.sha256}`,
      received: `one made of ${record.model}`,
      fix: 'Give the checkpoint that was defended.',
    });
  }
  const { method, kind } = record;
  const file = (name: string): Promise<FileBytes> => FileBytes.open(path.join(folder, name));
  if (kind === 'weights') {
    const clip = await loadClip(path.join(folder, runFiles.model));
    const model = { kind, weights: clip.weights };
    return { model, method, [Symbol.asyncDispose]: () => clip[Symbol.asyncDispose]() };
  }
  return { model: await readSmall(kind, file, base), method, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/**
 * Reads what a run of `rvpt defend` made, or a prompts file, and the run that it lies in, if it does.
 * @throws InputError when there is none, or it was made of another checkpoint
 */
export async function openDefended(
  location: string,
  base: DefendedBase,
): Promise<StoredDefense & { readonly run: RunRecord | undefined }> {
  const stored = await readDefendedModel(location, base);
  if (stored !== undefined) return { ...stored, run: await readRun(location) };
  const { prompts, run } = await readTunedPrompts(location, base);
  const model = { kind: 'prompts', prompts } as const;
  return { model, method: run?.config.method ?? 'prompts', run, [Symbol.asyncDispose]: () => Promise.resolve() };
}

async function readSmall(
  kind: 'unchanged' | 'prompts' | 'head',
  open: (name: string) => Promise<FileBytes>,
  { weights, sha256 }: DefendedBase,
): Promise<DefendedModel> {
  if (kind === 'unchanged') return { kind };
  await using file = await open(kind === 'prompts' ? runFiles.prompts : runFiles.head);
  return kind === 'prompts'
    ? { kind, prompts: await decodePrompts(file, weights.architecture, sha256) }
    : { kind, head: await decodeHead(file, weights.architecture, sha256) };
}
