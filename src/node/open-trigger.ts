import path from 'node:path';

import { MANIFEST_FILE, poisonedModelOf } from '../attack/poison/manifest.js';
import { parseAttackSpec, triggerFromSpec } from '../attack/trigger/trigger-spec.js';
import type { Trigger, TriggerResources } from '../attack/trigger/trigger.js';
import { parseTrigger, triggers } from '../attack/trigger/triggers.js';
import { InputError } from '../core/errors.js';
import { parseJson, readText } from '../data/text-file.js';
import { imageDecoder } from './decode-image.js';
import { DiskFolder, FileBytes } from './files.js';
import { sha256 } from './sha256.js';
import { withPackageFiles } from './trigger-files.js';
import { isZooName, zooLocation } from './zoo.js';

/** A trigger, with what is known of it from where it came. */
export interface OpenedTrigger {
  readonly trigger: Trigger;
  /** The attackers' class, where a manifest names it: a class name, or `#index`. */
  readonly target?: string;
  /** What the trigger draws from, where a manifest names it; the seed of an `ImageKey` does nothing then. */
  readonly seed?: number;
  /** What the names of its files are relative to; see `triggerFilePath`. */
  readonly folder: string;
  /** SHA-256 of every file that it was made from, by its name in the settings. */
  readonly files: Readonly<Record<string, string>>;
  /** SHA-256 of the model that was poisoned with it, where it comes from the manifest of one. */
  readonly poisonedModel?: string;
}

/**
 * The trigger that a person asks for: one of the table with its settings (`badnet:size=32`, `badnet@cleanclip`,
 * `patch:file=patch.png`), or a manifest that holds one (`attacked/manifest.json`, or that of a model of the zoo,
 * `zoo:badnet`). Files are relative to the working folder in the first case; in the second they lie beside the manifest,
 * and cannot lie outside its folder. In both, `package:…` names a file of the package.
 * @throws InputError when there is no such trigger, its settings are wrong, or a file is missing or not what it must be;
 *   (`mismatch`) when a file is not the one that the manifest was written with
 */
export async function openTrigger(given: string): Promise<OpenedTrigger> {
  const text = isZooName(given) ? path.join(await poisonedFolder(given), MANIFEST_FILE) : given;
  const hashes = new Map<string, string>();
  if (!isManifest(text)) {
    const trigger = await parseTrigger(text, resourcesIn({ open: (file) => FileBytes.open(file) }, hashes));
    return { trigger, folder: '.', files: Object.fromEntries(hashes) };
  }
  await using manifest = await FileBytes.open(text);
  const json = parseJson(await readText(manifest), text);
  const { trigger: spec, target, trigger_files: stated } = parseAttackSpec(json, text);
  const folder = path.dirname(text);
  const trigger = await triggerFromSpec(spec, resourcesIn(new DiskFolder(folder), hashes));
  refuseOtherFiles(text, stated, hashes);
  const poisonedModel = poisonedModelOf(json);
  return {
    trigger,
    ...(poisonedModel === undefined ? {} : { poisonedModel }),
    ...(target === undefined ? {} : { target }),
    ...(spec.seed === undefined ? {} : { seed: spec.seed }),
    folder,
    files: Object.fromEntries(hashes),
  };
}

/** The folder of a model of the zoo. @throws InputError (`usage`) for the one that nobody poisoned */
async function poisonedFolder(given: string): Promise<string> {
  const folder = await zooLocation(given);
  if (await new DiskFolder(folder).has(MANIFEST_FILE)) return folder;
  throw new InputError({
    code: 'usage',
    operation: `open the trigger of ${given}`,
    expected: 'a model with a backdoor',
    received: 'one that nobody poisoned',
    fix: 'Name another model of the zoo, or a trigger.',
  });
}

/** A file that was damaged or swapped brings about nothing, which reads as if the backdoor were gone. */
function refuseOtherFiles(
  manifest: string,
  stated: Readonly<Record<string, string>>,
  found: ReadonlyMap<string, string>,
): void {
  const others = [...found].filter(([file, hash]) => Object.hasOwn(stated, file) && stated[file] !== hash);
  if (others.length === 0) return;
  throw new InputError({
    code: 'mismatch',
    operation: `open the trigger of ${manifest}`,
    expected: 'the files that it was written with',
    received: others.map(([file, hash]) => `${file} with sha256 ${hash}, not ${stated[file]}`).join('; '),
    fix: 'Bring back the files, or name the trigger by its settings.',
  });
}

/** A name of the table wins, so that `patch:file=x.json` is not taken for a path. */
function isManifest(text: string): boolean {
  const [name] = text.trim().split(/[:@]/);
  return text.endsWith('.json') && !triggers.some((entry) => entry.name === name);
}

function resourcesIn(folder: TriggerResources['files'], hashes: Map<string, string>): TriggerResources {
  const files = withPackageFiles(folder);
  return {
    files: {
      async open(file) {
        const opened = await files.open(file);
        hashes.set(file, await sha256(opened));
        return opened;
      },
    },
    decode: imageDecoder(),
  };
}
