import path from 'node:path';
import { z } from 'zod';

import { InputError } from '../core/errors.js';
import { isJsonObject, jsonObjectOf, type JsonObject } from '../core/json.js';
import type { Progress } from '../core/progress.js';
import { loadEmojiAtlas } from '../node/emoji-atlas.js';
import { loadClip } from '../node/load-clip.js';
import { makeModels } from '../run/make-zoo.js';
import { PRETRAINING_RECORD } from '../run/pretrain.js';
import { jsonDifferences, sha256OfJson } from '../run/provenance.js';
import { readJson } from '../run/run-files.js';
import { LABEL_ONLY_RECORD, labelOnlySchema, trainLabelOnly } from '../run/train-label-only.js';
import { zooPoisoning, zooRecipes, type ZooRecipe } from '../run/zoo-recipes.js';
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
    const recipe = await recipeOf(zoo, attacks, options);
    if (recipe === undefined) continue;
    for (const record of recipe.records) await refuseOther(zoo.location, record);
    if (await isToBeMade(zoo, attacks)) await recipe.make();
  }
}

/** How the models of a zoo come about. */
interface Recipe {
  readonly records: readonly ModelRecord[];
  make(): Promise<unknown>;
}

/** What a file of a model says of how it was made, as far as the recipe decides it. */
interface ModelRecord {
  /** Under the zoo's folder. */
  readonly file: string;
  readonly states: JsonObject;
}

function poisoningRecord({ name, trigger, poisoning }: ZooRecipe): ModelRecord {
  // a patch is named by where it lies, which changes when a model is written
  const stated = Object.entries(trigger.settings).filter(([key]) => key !== 'file');
  return {
    file: path.join(name, 'manifest.json'),
    states: jsonObjectOf({
      trigger: { name: trigger.name, settings: Object.fromEntries(stated) },
      settings: { ...zooPoisoning, ...poisoning },
    }),
  };
}

async function recipeOf(
  { location, make, makeFromLabels }: Zoo,
  attacks: Grid['attacks'],
  { work, openRuntime, progress, signal, note }: MakeZoosOptions,
): Promise<Recipe | undefined> {
  const common = { progress, ...(signal === undefined ? {} : { signal }) };
  if (make !== undefined) {
    const pretraining = pretrainingSchema.parse(make);
    const settings = jsonObjectOf(pretraining);
    const names = modelsWanted(attacks);
    return {
      records: [
        { file: path.join('clean', PRETRAINING_RECORD), states: { settings } },
        ...zooRecipes.filter(({ name }) => names.includes(name)).map(poisoningRecord),
      ],
      make: () =>
        makeModels({
          ...common,
          out: location,
          work: path.join(work, `zoo-${sha256OfJson({ location, make: settings }).slice(0, 12)}`),
          names,
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
  await using like = await loadClip('zoo:clean');
  const states = { settings: jsonObjectOf(settings), like: { sha256: like.sha256 } };
  return {
    records: [{ file: path.join('clean', LABEL_ONLY_RECORD), states }],
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

const recordSchema = z.record(z.string(), z.json());

async function refuseOther(location: string, { file, states }: ModelRecord): Promise<void> {
  const record = await readJson(path.join(location, file), recordSchema);
  const differences = record === undefined ? [] : jsonDifferences(statedIn(record, states), states);
  if (differences.length === 0) return;
  throw new InputError({
    code: 'mismatch',
    operation: `make the zoo ${location}`,
    expected: 'a new folder, or models that were made as the grid and the recipes say',
    received: `${file} of a model that was made otherwise`,
    fix: `\n  ${differences.join('\n  ')}\nChoose another \`location\`, or delete the model.`,
  });
}

/** Those parts of a record that are also in `states`. */
function statedIn(record: JsonObject, states: JsonObject): JsonObject {
  const shared = Object.entries(record).filter(([key]) => Object.hasOwn(states, key));
  return Object.fromEntries(
    shared.map(([key, part]) => {
      const value = states[key];
      return [key, isJsonObject(part) && isJsonObject(value) ? statedIn(part, value) : part];
    }),
  );
}
