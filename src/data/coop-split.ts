import { z } from 'zod';

import type { Folder } from '../core/bytes.js';
import { InputError } from '../core/errors.js';
import { nameFolders } from './class-names.js';
import { namedTemplates } from './class-prompts.js';
import { chooseSplit, classNameOf, locationName, type DatasetLayout, type Listing } from './layout.js';
import { Problems } from './problems.js';
import { splits, type Sample } from './sample.js';
import { parseJson, readText, withFile } from './text-file.js';

const entry = z.tuple([z.string().min(1), z.int().nonnegative(), z.string().min(1)]);
const schema = z.object({
  train: z.array(entry).optional(),
  val: z.array(entry).optional(),
  test: z.array(entry).optional(),
});

type CoopSplit = z.output<typeof schema>;

/** The class prompt that CoOp uses for each of its data sets, by the split file (KaiyangZhou/CoOp, trainers/zsclip.py). */
const templatesByFile: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['split_zhou_Caltech101.json', namedTemplates.default],
  ['split_zhou_OxfordPets.json', namedTemplates.pets],
  ['split_zhou_StanfordCars.json', namedTemplates.default],
  ['split_zhou_OxfordFlowers.json', namedTemplates.flowers],
  ['split_zhou_Food101.json', namedTemplates.food],
  ['split_zhou_SUN397.json', namedTemplates.default],
  ['split_zhou_DescribableTextures.json', namedTemplates.dtd],
  ['split_zhou_EuroSAT.json', namedTemplates.eurosat],
  ['split_zhou_UCF101.json', namedTemplates.ucf101],
]);

/** CoOp's `split_zhou_*.json`: train, val and test, each a list of [path, label, class name]. */
export const coopSplit = {
  name: 'coop-split' as const,
  summary: 'CoOp’s split_zhou_*.json beside its folder of images',

  async detect(location) {
    const { folder, file } = location;
    if (file !== undefined) return file.toLowerCase().endsWith('.json') ? location : undefined;
    const found = (await folder.list()).filter(({ name, kind }) => kind === 'file' && /^split_.*\.json$/.test(name));
    return found.length === 1 ? { folder, file: found[0].name } : undefined;
  },

  async list(location, options) {
    const { folder, file = '' } = location;
    const name = locationName(location);
    const split = parseSplit(parseJson(await withFile(folder, file, readText), name), name);
    const names = namesOf(split, name);
    const chosen = chooseSplit(
      splits.filter((each) => (split[each]?.length ?? 0) > 0),
      options,
      name,
    );
    const entries = new Map(Object.entries(split)).get(chosen) ?? [];
    const prefix = options.images === undefined ? await findImages(folder, entries[0][0]) : '';
    const templates = templatesByFile.get(file);
    const samples: Sample[] = entries.map(([path, label]) => ({ path: prefix + path, label }));
    return {
      classNames: options.classNames === undefined ? names.map(classNameOf) : nameFolders(names, options.classNames),
      samples,
      images: options.images ?? folder,
      split: chosen,
      ...(templates === undefined ? {} : { templates }),
      imagesSeen: false,
    } satisfies Listing;
  },
} satisfies DatasetLayout;

function parseSplit(value: unknown, name: string): CoopSplit {
  const parsed = schema.safeParse(value);
  const problems = new Problems();
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) problems.add(`${path.join('.')}: ${message}`);
  } else if (splits.every((each) => (parsed.data[each]?.length ?? 0) === 0)) {
    problems.add('none of them');
  }
  problems.throwIfAny({
    code: 'malformed',
    operation: `read data set ${name}`,
    expected: 'lists train, val or test of [path, label, class name]',
  });
  return parsed.success ? parsed.data : {};
}

/** Class names by label, over all parts: a small part need not hold every class. */
function namesOf(split: CoopSplit, name: string): string[] {
  const names: string[] = [];
  const problems = new Problems();
  const conflicts = new Set<number>();
  const used = new Map<number, string>();
  for (const [, label, className] of splits.flatMap((each) => split[each] ?? [])) {
    if ((used.get(label) ?? className) !== className) conflicts.add(label);
    used.set(label, className);
  }
  const skipped: number[] = [];
  // labels are at most as many as entries, whatever the largest one claims to be
  for (let label = 0; label < used.size; label++) {
    const className = used.get(label);
    if (className === undefined) skipped.push(label);
    else names.push(className);
  }
  problems.addList([...conflicts], (few) => `more than one class name for label ${few}`);
  problems.addList(skipped, (few) => `${used.size} labels, but none that is ${few}`);
  problems.throwIfAny({
    operation: `read data set ${name}`,
    expected: 'labels 0, 1, 2, … each with one class name',
  });
  return names;
}

/** CoOp keeps the images in a folder beside the split file, its name another for every data set. */
async function findImages(folder: Folder, example: string): Promise<string> {
  const beside = (await folder.list()).filter(({ kind }) => kind === 'folder').map(({ name }) => `${name}/`);
  for (const prefix of ['', ...beside]) {
    if (await folder.has(prefix + example)) return prefix;
  }
  throw new InputError({
    code: 'missing',
    operation: `find the images of ${folder.name}`,
    expected: `${example} in the split file's folder or in a folder beside it`,
    received: 'none there',
    fix: 'Name the folder of images with --images.',
  });
}
