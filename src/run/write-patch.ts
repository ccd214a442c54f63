import path from 'node:path';

import type { OptimisedPatch } from '../attack/patch/optimise-patch.js';
import type { PatchMethod } from '../attack/patch/patch-objectives.js';
import type { TriggerSpec } from '../attack/trigger/trigger-spec.js';
import { MemoryBytes } from '../core/bytes.js';
import { encodePng } from '../node/encode-png.js';
import { sha256 } from '../node/sha256.js';
import { writeAtomic } from './atomic-file.js';
import { jsonBeside } from './json-beside.js';
import { currentVersions } from './provenance.js';

/** What a patch came from. */
export interface PatchOrigin {
  readonly method: PatchMethod;
  readonly seed: number;
  /** How the runtime calls itself. */
  readonly runtime: string;
  readonly model: { readonly path: string; readonly sha256: string };
  /** Hash of the list of images, those of the target class among them. */
  readonly data: { readonly path: string; readonly sha256: string };
  /** Name of the target class. */
  readonly target: string;
  readonly captions: readonly string[];
  /** How many images the patch was put on, and how many of the target class it was held against. */
  readonly images: number;
  readonly targetImages: number;
}

/**
 * Writes a patch as PNG and beside it a manifest that `--trigger` takes: trigger, target, settings, hashes, and the loss
 * of every step.
 * @returns SHA-256 of the PNG
 * @throws InputError (`storage`), and (`usage`) when the file is to be no PNG
 */
export async function writePatch(file: string, made: OptimisedPatch, origin: PatchOrigin): Promise<string> {
  const manifest = jsonBeside(file);
  const png = await encodePng(made.patch);
  const hash = await sha256(new MemoryBytes(file, png));
  const { size, ...settings } = made.settings;
  const trigger: TriggerSpec = { name: origin.method, settings: { file: path.basename(file), size, place: 'center' } };
  const { target, targetImages, ...rest } = origin;
  const record = {
    format: 'rvpt-patch-1',
    trigger,
    target,
    sha256: hash,
    ...rest,
    settings: { size, ...settings },
    target_images: targetImages,
    losses: made.losses.map(({ step, loss, terms }) => ({ step, loss, ...terms })),
    versions: currentVersions(),
  };
  await writeAtomic(file, png);
  await writeAtomic(manifest, `${JSON.stringify(record, undefined, 1)}\n`);
  return hash;
}
