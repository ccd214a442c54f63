import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import type { TriggerSpec } from '../attack/trigger/trigger-spec.js';
import { InputError } from '../core/errors.js';
import { repeated } from '../data/repeated.js';
import type { OpenedTrigger } from '../node/open-trigger.js';
import { asStorageError } from '../node/storage-error.js';
import { triggerFilePath } from '../node/trigger-files.js';
import { writeAtomic } from './atomic-file.js';

/** Files of the trigger lie in a folder of their own: they may be called like others beside the manifest. */
const triggerFolder = 'trigger';

/** What a manifest says of a trigger. */
export interface TriggerRecord {
  readonly trigger: TriggerSpec;
  /** SHA-256 of every file that the trigger was made from, by its name in the settings. */
  readonly trigger_files: Readonly<Record<string, string>>;
}

/**
 * Copies a trigger's files to where a manifest will lie, so that it can be moved and `--trigger` takes it.
 * @returns the record with the files under their new names, relative to `folder`
 * @throws InputError (`usage`) when two files have one name; (`storage`)
 */
export async function copyTriggerFiles(
  folder: string,
  { trigger, trigger_files: hashes }: TriggerRecord,
  { folder: source, files }: Pick<OpenedTrigger, 'files' | 'folder'>,
): Promise<TriggerRecord> {
  const names = Object.keys(files);
  refuseAlike(folder, names);
  const copies = new Map<string, string>();
  for (const name of names) {
    const copy = path.posix.join(triggerFolder, path.basename(name));
    const from = triggerFilePath(source, name);
    try {
      await mkdir(path.join(folder, triggerFolder), { recursive: true });
      await writeAtomic(path.join(folder, copy), await readFile(from));
    } catch (thrown) {
      throw asStorageError(`copy ${from} to ${folder}`, thrown);
    }
    copies.set(name, copy);
  }
  const settings = Object.entries(trigger.settings).map(([key, value]): [string, typeof value] => [
    key,
    typeof value === 'string' ? (copies.get(value) ?? value) : value,
  ]);
  const moved = Object.entries(hashes).map(([name, hash]): [string, string] => [copies.get(name) ?? name, hash]);
  return { trigger: { ...trigger, settings: Object.fromEntries(settings) }, trigger_files: Object.fromEntries(moved) };
}

function refuseAlike(folder: string, names: readonly string[]): void {
  const alike = repeated(names.map((name) => path.basename(name)));
  if (alike.length === 0) return;
  throw new InputError({
    code: 'usage',
    operation: `copy the trigger's files to ${folder}`,
    expected: 'files with names of their own',
    received: `more than one called ${alike.join(', ')}`,
    fix: 'Rename one of them.',
  });
}
