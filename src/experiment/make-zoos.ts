import path from 'node:path';
import { z } from 'zod';

import { InputError } from '../core/errors.js';
import { jsonObjectOf, type JsonObject } from '../core/json.js';
import type { Progress } from '../core/progress.js';
import { loadEmojiAtlas } from '../node/emoji-atlas.js';
import { loadClip } from '../node/load-clip.js';
import { makeModels } from '../run/make-zoo.js';
import { PRETRAINING_RECORD } from '../run/pretrain.js';
import { jsonDifferences, sha256OfJson } from '../run/provenance.js';
import { readJson } from '../run/run-files.js';
import { LABEL_ONLY_RECORD, labelOnlySchema, trainLabelOnly } from '../run/train-label-only.js';
import type { Runtime } from '../runtime/session.js';
import { pretrainingSchema } from '../training/pretraining-settings.js';
import { modelsWanted, namesIn } from './attacked-models.js';
import type { Grid } from './grid.js';

type Zoo = Grid['zoos'][number];

/** Whether a zoo that may be made still has to be, in part or all of it. */
export async function isToBeMade(zoo: Zoo, attacks: Grid['attacks']): Promise<boolean> {
  if (zoo.make === undefined && zoo.makeFromLabels === undefined) return false;
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
  for (const zoo of zoos) {
    const recipe = recipeOf(zoo, attacks, options);
    if (recipe === undefined) continue;
    await refuseOther(zoo.location, recipe);
    if (await isToBeMade(zoo, attacks)) await recipe.make();
  }
}

/** How the models of a zoo come about. */
interface Recipe {
  readonly settings: JsonObject;
  /** The file in the clean model's folder that says which settings it was made with. */
  readonly record: string;
  make(): Promise<unknown>;
}

function recipeOf(
  { location, make, makeFromLabels }: Zoo,
  attacks: Grid['attacks'],
  { work, openRuntime, progress, signal, note }: MakeZoosOptions,
): Recipe | undefined {
  const common = { progress, ...(signal === undefined ? {} : { signal }) };
  if (make !== undefined) {
    const pretraining = pretrainingSchema.parse(make);
    const settings = jsonObjectOf(pretraining);
    return {
      settings,
      record: PRETRAINING_RECORD,
      make: () =>
        makeModels({
          ...common,
          out: location,
          work: path.join(work, `zoo-${sha256OfJson({ location, make: settings }).slice(0, 12)}`),
          names: modelsWanted(attacks),
          pretraining,
          runtime: openRuntime(),
          note: (line) => {
            note(`${location}: ${line}`);
          },
        }),
    };
  }
  if (makeFromLabels === undefined) return undefined;
  const settings = labelOnlySchema.parse(makeFromLabels);
  return {
    settings: jsonObjectOf(settings),
    record: LABEL_ONLY_RECORD,
    make: async () => {
      note(`${location}: clean: training on labels`);
      await using like = await loadClip('zoo:clean');
      const [atlas, out] = [await loadEmojiAtlas(), path.join(location, 'clean')];
      await trainLabelOnly({ ...common, atlas, like, settings, seed: LABEL_ONLY_SEED, out, runtime: openRuntime() });
    },
  };
}

/** As that of the package's clean model. */
const LABEL_ONLY_SEED = 0;

const recordSchema = z.object({ settings: z.record(z.string(), z.json()) });

async function refuseOther(location: string, { settings, record: name }: Recipe): Promise<void> {
  const record = await readJson(path.join(location, 'clean', name), recordSchema);
  const differences = record === undefined ? [] : jsonDifferences(record.settings, settings);
  if (differences.length === 0) return;
  throw new InputError({
    code: 'mismatch',
    operation: `make the zoo ${location}`,
    expected: 'a new folder, or models trained with the settings of the grid',
    received: 'models trained with others',
    fix: `\n  ${differences.join('\n  ')}\nChoose another \`location\`.`,
  });
}
