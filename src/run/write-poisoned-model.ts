import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { completeManifest, MANIFEST_FILE, type PoisonManifest, type PoisonRecord } from '../attack/poison/manifest.js';
import type { WritableFloat } from '../checkpoint/safetensors.js';
import { InputError } from '../core/errors.js';
import { repeated } from '../data/repeated.js';
import type { ClipWeights } from '../model/weights.js';
import type { LoadedClip } from '../node/load-clip.js';
import { openCheckpointAt } from '../node/open-checkpoint.js';
import type { OpenedTrigger } from '../node/open-trigger.js';
import { asStorageError, writeAtomic } from './atomic-file.js';
import { currentVersions } from './provenance.js';
import { readOrUndefined } from './run-files.js';
import { writeModelFolder } from './write-model-folder.js';

export interface PoisonedModelFiles {
  readonly weights: ClipWeights;
  readonly record: PoisonRecord;
  /** The model before: its preprocessing and the files of its tokenizer are carried over. */
  readonly base: Pick<LoadedClip, 'folder' | 'preprocess'>;
  /** Where the trigger's files are. */
  readonly trigger: Pick<OpenedTrigger, 'files' | 'folder'>;
  readonly float?: WritableFloat;
}

/** What other programs read a tokenizer from; ours reads `tokenizer.json`. */
const otherTokenizerFiles = ['tokenizer_config.json', 'special_tokens_map.json', 'vocab.json', 'merges.txt'] as const;

/** Files of the trigger lie in a folder of their own: they may be called like the model's. */
const triggerFolder = 'trigger';

/**
 * Writes a model folder with `manifest.json`, which comes last: where it is, all else is there. `--trigger` takes it.
 * @throws InputError (`storage`), (`unsupported`) when a weight is too large for float16
 */
export async function writePoisonedModel(folder: string, files: PoisonedModelFiles): Promise<PoisonManifest> {
  const { weights, record, base, trigger, float = 'float32' } = files;
  const moved = await copyTriggerFiles(folder, trigger);
  const tokenizer = await readOrUndefined(path.join(base.folder, 'tokenizer.json'));
  for (const name of otherTokenizerFiles) {
    const bytes = await readOrUndefined(path.join(base.folder, name));
    if (bytes !== undefined) await writeAtomic(path.join(folder, name), bytes);
  }
  const { preprocess } = base;
  await writeModelFolder(folder, { weights, preprocess, float, ...(tokenizer === undefined ? {} : { tokenizer }) });
  await using checkpoint = await openCheckpointAt(folder);
  const manifest = completeManifest(
    { ...record, ...renamed(record, moved) },
    await checkpoint.sha256(),
    currentVersions(),
  );
  await writeAtomic(path.join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, 1)}\n`);
  return manifest;
}

/** @returns the names of the copies, relative to `folder`, by the names that settings have for them. */
async function copyTriggerFiles(
  folder: string,
  trigger: PoisonedModelFiles['trigger'],
): Promise<ReadonlyMap<string, string>> {
  const names = Object.keys(trigger.files);
  const alike = repeated(names.map((name) => path.basename(name)));
  if (alike.length > 0) {
    throw new InputError({
      code: 'usage',
      operation: `copy the trigger's files to ${folder}`,
      expected: 'files with names of their own',
      received: `more than one called ${alike.join(', ')}`,
      fix: 'Rename one of them.',
    });
  }
  const copies = new Map<string, string>();
  for (const name of names) {
    const copy = path.posix.join(triggerFolder, path.basename(name));
    const from = path.resolve(trigger.folder, name);
    try {
      await mkdir(path.join(folder, triggerFolder), { recursive: true });
      await writeAtomic(path.join(folder, copy), await readFile(from));
    } catch (thrown) {
      throw asStorageError(`copy ${from} to ${folder}`, thrown);
    }
    copies.set(name, copy);
  }
  return copies;
}

/** The record's trigger with its files under their new names. */
function renamed(
  { trigger, trigger_files: hashes }: PoisonRecord,
  copies: ReadonlyMap<string, string>,
): Pick<PoisonRecord, 'trigger' | 'trigger_files'> {
  const settings = Object.entries(trigger.settings).map(([key, value]): [string, typeof value] => [
    key,
    typeof value === 'string' ? (copies.get(value) ?? value) : value,
  ]);
  const files = Object.entries(hashes).map(([name, hash]): [string, string] => [copies.get(name) ?? name, hash]);
  return { trigger: { ...trigger, settings: Object.fromEntries(settings) }, trigger_files: Object.fromEntries(files) };
}
