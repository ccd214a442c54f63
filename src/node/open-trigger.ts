import path from 'node:path';

import { parseAttackSpec, triggerFromSpec } from '../attack/trigger/trigger-spec.js';
import type { Trigger, TriggerResources } from '../attack/trigger/trigger.js';
import { parseTrigger, triggers } from '../attack/trigger/triggers.js';
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
}

/**
 * The trigger that a person asks for: one of the table with its settings (`badnet:size=32`, `badnet@cleanclip`,
 * `patch:file=patch.png`), or a manifest that holds one (`attacked/manifest.json`, or that of a model of the zoo,
 * `zoo:badnet`). Files are relative to the working folder in the first case; in the second they lie beside the manifest,
 * and cannot lie outside its folder. In both, `package:…` names a file of the package.
 * @throws InputError when there is no such trigger, its settings are wrong, or a file is missing or not what it must be
 */
export async function openTrigger(given: string): Promise<OpenedTrigger> {
  const text = isZooName(given) ? path.join(await zooLocation(given), 'manifest.json') : given;
  const hashes = new Map<string, string>();
  if (!isManifest(text)) {
    const trigger = await parseTrigger(text, resourcesIn({ open: (file) => FileBytes.open(file) }, hashes));
    return { trigger, folder: '.', files: Object.fromEntries(hashes) };
  }
  await using manifest = await FileBytes.open(text);
  const { trigger: spec, target } = parseAttackSpec(parseJson(await readText(manifest), text), text);
  const folder = path.dirname(text);
  const trigger = await triggerFromSpec(spec, resourcesIn(new DiskFolder(folder), hashes));
  return {
    trigger,
    ...(target === undefined ? {} : { target }),
    ...(spec.seed === undefined ? {} : { seed: spec.seed }),
    folder,
    files: Object.fromEntries(hashes),
  };
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
