import path from 'node:path';

import { completeManifest, MANIFEST_FILE, type PoisonManifest, type PoisonRecord } from '../attack/poison/manifest.js';
import type { WritableFloat } from '../checkpoint/stream-safetensors.js';
import type { ClipWeights } from '../model/weights.js';
import type { LoadedClip } from '../node/load-clip.js';
import { openCheckpointAt } from '../node/open-checkpoint.js';
import type { OpenedTrigger } from '../node/open-trigger.js';
import { writeAtomic } from './atomic-file.js';
import { copyTriggerFiles } from './copy-trigger-files.js';
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

/**
 * Writes a model folder with `manifest.json`, which comes last: where it is, all else is there. `--trigger` takes it.
 * @throws InputError (`storage`), (`unsupported`) when a weight is too large for float16
 */
export async function writePoisonedModel(folder: string, files: PoisonedModelFiles): Promise<PoisonManifest> {
  const { weights, record, base, trigger, float = 'float32' } = files;
  const moved = await copyTriggerFiles(folder, record, trigger);
  const tokenizer = await readOrUndefined(path.join(base.folder, 'tokenizer.json'));
  for (const name of otherTokenizerFiles) {
    const bytes = await readOrUndefined(path.join(base.folder, name));
    if (bytes !== undefined) await writeAtomic(path.join(folder, name), bytes);
  }
  const { preprocess } = base;
  await writeModelFolder(folder, { weights, preprocess, float, ...(tokenizer === undefined ? {} : { tokenizer }) });
  await using checkpoint = await openCheckpointAt(folder);
  const manifest = completeManifest({ ...record, ...moved }, await checkpoint.sha256(), currentVersions());
  await writeAtomic(path.join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, 1)}\n`);
  return manifest;
}
