import { createHash } from 'node:crypto';
import path from 'node:path';

import type { ExportRecord } from '../export/export-record.js';
import type { VisualPrompts } from '../inference/fold-prompts.js';
import { DiskFolder } from '../node/files.js';
import { sha256 } from '../node/sha256.js';
import { sha256OfConfig } from './provenance.js';
import type { RunRecord } from './read-run.js';
import { runFiles } from './schema.js';

/** Prompts as the record of an export names them. */
export function describePrompts(prompts: VisualPrompts): NonNullable<ExportRecord['prompts']> {
  const sorted = [...prompts].sort(([a], [b]) => a - b);
  const hash = createHash('sha256');
  for (const [, { data }] of sorted) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return {
    sha256: hash.digest('hex'),
    blocks: sorted.map(([d]) => d),
    tokens: sorted[0]?.[1].shape[0] ?? 0,
  };
}

/** Files of a run that tell where its prompts come from and how well they do. */
const hashedFiles = ['config', 'samples', 'history', 'prompts', 'metrics', 'evaluation'] as const;

/** A run as the record of an export names it. */
export async function describeRun({ folder, config, evaluation }: RunRecord): Promise<object> {
  const files: Record<string, string> = {};
  const disk = new DiskFolder(folder);
  for (const name of hashedFiles) {
    if (!(await disk.has(runFiles[name]))) continue;
    await using file = await disk.open(runFiles[name]);
    files[runFiles[name]] = await sha256(file);
  }
  const { created, method, settings, seed, data } = config;
  return {
    path: path.basename(path.resolve(folder)),
    sha256: sha256OfConfig(config),
    created,
    method,
    settings,
    seed,
    data,
    files,
    ...(evaluation === undefined ? {} : { evaluation }),
  };
}
