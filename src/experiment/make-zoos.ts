import path from 'node:path';
import { z } from 'zod';

import { InputError } from '../core/errors.js';
import { jsonObjectOf, type JsonObject } from '../core/json.js';
import type { Progress } from '../core/progress.js';
import { makeModels } from '../run/make-zoo.js';
import { PRETRAINING_RECORD } from '../run/pretrain.js';
import { jsonDifferences, sha256OfJson } from '../run/provenance.js';
import { readJson } from '../run/run-files.js';
import type { Runtime } from '../runtime/session.js';
import { pretrainingSchema } from '../training/pretraining-settings.js';
import { modelsWanted, namesIn } from './attacked-models.js';
import type { Grid } from './grid.js';

type Zoo = Grid['zoos'][number];

/** Whether a zoo that may be made still has to be, in part or all of it. */
export async function isToBeMade(zoo: Zoo, attacks: Grid['attacks']): Promise<boolean> {
  if (zoo.make === undefined) return false;
  const names = await namesIn(zoo);
  return modelsWanted(attacks).some((name) => !names.includes(name));
}

export interface MakeZoosOptions {
  /** Folder for what is needed on the way. */
  readonly work: string;
  /** Asked for when there is something to make. */
  readonly openRuntime: () => Runtime;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  readonly note: (line: string) => void;
}

/**
 * Makes the models that the zoos of a grid lack, where the grid says how.
 * @throws InputError (`mismatch`) when a zoo was made with other settings; about folders and files
 */
export async function makeZoos(
  { zoos, attacks }: Pick<Grid, 'zoos' | 'attacks'>,
  options: MakeZoosOptions,
): Promise<void> {
  const { work, openRuntime, progress, signal, note } = options;
  for (const zoo of zoos) {
    const { location, make } = zoo;
    if (make === undefined) continue;
    const pretraining = pretrainingSchema.parse(make);
    await refuseOther(location, jsonObjectOf(pretraining));
    if (!(await isToBeMade(zoo, attacks))) continue;
    await makeModels({
      out: location,
      work: path.join(work, `zoo-${sha256OfJson({ location, make: jsonObjectOf(pretraining) }).slice(0, 12)}`),
      names: modelsWanted(attacks),
      pretraining,
      runtime: openRuntime(),
      progress,
      ...(signal === undefined ? {} : { signal }),
      note: (line) => {
        note(`${location}: ${line}`);
      },
    });
  }
}

const recordSchema = z.object({ settings: z.record(z.string(), z.json()) });

async function refuseOther(location: string, settings: JsonObject): Promise<void> {
  const file = path.join(location, 'clean', PRETRAINING_RECORD);
  const record = await readJson(file, recordSchema);
  const differences = record === undefined ? [] : jsonDifferences(record.settings, settings);
  if (differences.length === 0) return;
  throw new InputError({
    code: 'mismatch',
    operation: `make the zoo ${location}`,
    expected: 'a new folder, or models pretrained with the settings of the grid',
    received: 'models pretrained with others',
    fix: `\n  ${differences.join('\n  ')}\nChoose another \`location\`.`,
  });
}
