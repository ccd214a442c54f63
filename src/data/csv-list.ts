import { InputError } from '../core/errors.js';
import { keyedNames } from './class-names.js';
import { csvColumns } from './csv.js';
import { classNameOf, locationName, refuseSplit, type DatasetLayout, type Listing } from './layout.js';
import { firstFew, Problems } from './problems.js';
import type { Sample } from './sample.js';
import { readText, withFile } from './text-file.js';

const defaultFile = 'labels.csv';

/** A CSV file with the columns `image` (a path relative to it) and `label` (a class name, or an index with a class-names file). */
export const csvList = {
  name: 'csv' as const,
  summary: 'a .csv file with the columns image,label; paths relative to it',

  async detect(location) {
    const { folder, file } = location;
    if (file !== undefined) return file.toLowerCase().endsWith('.csv') ? location : undefined;
    return (await folder.has(defaultFile)) ? { folder, file: defaultFile } : undefined;
  },

  async list(location, options) {
    const { folder, file = defaultFile } = location;
    const name = locationName({ folder, file });
    refuseSplit(options, name);
    const rows = readRows(await withFile(folder, file, readText), name);
    const { classNames, labels } = resolveLabels(
      rows.map(({ label }) => label),
      options.classNames,
      name,
    );
    const samples: Sample[] = rows.map(({ image }, i) => ({ path: image, label: labels[i] }));
    return { classNames, samples, images: options.images ?? folder, imagesSeen: false } satisfies Listing;
  },
} satisfies DatasetLayout;

function readRows(text: string, name: string): { image: string; label: string }[] {
  const about = { operation: `read data set ${name}`, expected: 'a header row with image,label and a row an image' };
  return csvColumns(text, about, ['image', 'label']).map(([image, label]) => ({ image, label }));
}

/**
 * Labels are class names, or indices where the class-names file does not have them as names, or keys of a class-names
 * file with `key,name` lines.
 */
function resolveLabels(
  texts: readonly string[],
  lines: readonly string[] | undefined,
  name: string,
): { classNames: readonly string[]; labels: number[] } {
  const given = [...new Set(texts)].sort();
  const numeric = given.every((text) => /^\d+$/.test(text));
  if (lines === undefined) {
    if (!numeric) return { classNames: given.map(classNameOf), labels: positions(texts, given) };
    throw new InputError({
      code: 'data',
      operation: `read data set ${name}`,
      expected: 'class names in the column label, or a class-names file for its indices',
      received: 'indices and no such file',
      fix: 'Give --class-names FILE, one name a line in the order of the indices.',
    });
  }
  const names = lines.map(classNameOf);
  const known = new Set(names);
  if (given.every((text) => known.has(classNameOf(text)))) {
    return { classNames: names, labels: positions(texts.map(classNameOf), names) };
  }
  if (numeric) return { classNames: names, labels: texts.map(Number) };

  const keyed = keyedNames(lines);
  const problems = new Problems();
  const unknown = given.filter((text) => !keyed.has(classNameOf(text)));
  problems.addList(unknown, (few) => `labels that are not there: ${few}`);
  problems.throwIfAny({
    code: 'mismatch',
    operation: `read data set ${name}`,
    expected: `labels of the class-names file (${firstFew(lines)})`,
  });
  return { classNames: given.map((text) => keyed.get(classNameOf(text)) ?? text), labels: positions(texts, given) };
}

function positions(texts: readonly string[], among: readonly string[]): number[] {
  const index = new Map(among.map((text, i) => [text, i]));
  return texts.map((text) => index.get(text) ?? -1);
}
