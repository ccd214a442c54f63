import { stat } from 'node:fs/promises';
import path from 'node:path';

import {
  isPoisonManifest,
  MANIFEST_FILE,
  parseManifest,
  refuseOtherModel,
  type PoisonManifest,
} from '../attack/poison/manifest.js';
import { parseJson, readText, withFile } from '../data/text-file.js';
import { DiskFolder } from './files.js';
import { locateModel } from './model-location.js';

/**
 * How the model at a place was poisoned, by the manifest beside it; undefined where there is none, or a file of that
 * name that is something else. That a model has no manifest says nothing about it.
 * @param given as `openCheckpointAt` takes it; @param modelSha256 of its weight file
 * @throws InputError (`malformed`, `unsupported`) when the manifest is broken, no JSON, or of another version,
 *   (`mismatch`) when it is that of another model
 */
export async function poisonManifestOf(given: string, modelSha256: string): Promise<PoisonManifest | undefined> {
  const { path: location } = await locateModel(given);
  const folder = new DiskFolder((await stat(location)).isDirectory() ? location : path.dirname(location));
  if (!(await folder.has(MANIFEST_FILE))) return undefined;
  const name = path.join(folder.name, MANIFEST_FILE);
  const json = await withFile(folder, MANIFEST_FILE, async (file) => parseJson(await readText(file), name));
  if (!isPoisonManifest(json)) return undefined;
  const manifest = parseManifest(json, name);
  refuseOtherModel(manifest, modelSha256, name);
  return manifest;
}
