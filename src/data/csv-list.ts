import { csvColumns } from './csv.js';
import { resolveLabels } from './labels.js';
import { locationName, refuseSplit, type Columns, type DatasetLayout, type Listing } from './layout.js';
import type { Sample } from './sample.js';
import { readText, withFile } from './text-file.js';

const defaultFile = 'labels.csv';

/** A CSV file with the columns `image` (a path relative to it) and `label` (a class name, or an index with a class-names file). */
export const csvList = {
  name: 'csv' as const,
  summary: 'a .csv file with the columns image,label; paths relative to it',
  hasColumns: true,

  async detect(location) {
    const { folder, file } = location;
    if (file !== undefined) return file.toLowerCase().endsWith('.csv') ? location : undefined;
    return (await folder.has(defaultFile)) ? { folder, file: defaultFile } : undefined;
  },

  async list(location, options) {
    const { folder, file = defaultFile } = location;
    const name = locationName({ folder, file });
    refuseSplit(options, name);
    const rows = readRows(await withFile(folder, file, readText), name, options.columns);
    const { classNames, labels } = resolveLabels(
      rows.map(({ label }) => label),
      options.classNames,
      name,
    );
    const samples: Sample[] = rows.map(({ image }, i) => ({ path: image, label: labels[i] }));
    return { classNames, samples, images: options.images ?? folder, imagesSeen: false } satisfies Listing;
  },
} satisfies DatasetLayout;

function readRows(
  text: string,
  name: string,
  { image: imageColumn = 'image', label: labelColumn = 'label' }: Columns = {},
): { image: string; label: string }[] {
  const columns = [imageColumn, labelColumn];
  const expected = `a header row with ${columns.join(',')} and a row an image`;
  const rows = csvColumns(text, { operation: `read data set ${name}`, expected }, columns);
  return rows.map(([image, label]) => ({ image, label }));
}
