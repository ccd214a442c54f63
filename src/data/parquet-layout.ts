import { InputError } from '../core/errors.js';
import type { CaptionPair, CaptionPairs } from './caption-pair.js';
import { nameFolders } from './class-names.js';
import { readDataCard, type DataCard, type Feature } from './data-card.js';
import { chooseDataFiles, hasFile, isOfKind, type DataFiles } from './data-files.js';
import { resolveLabels, type ResolvedLabels } from './labels.js';
import {
  classNameOf,
  locationName,
  type DatasetLayout,
  type DatasetLocation,
  type Listing,
  type ListOptions,
} from './layout.js';
import { chooseColumn, columnRoles } from './parquet/choose-columns.js';
import { ParquetFile } from './parquet/parquet-file.js';
import { ParquetImages, rowPath, type ImageTable } from './parquet/parquet-images.js';
import { Problems } from './problems.js';
import type { Split } from './sample.js';
import { withFile } from './text-file.js';

const extension = '.parquet';

/** Parquet files as the Hugging Face Hub has them: a column of images, a column of labels. */
export const parquet = {
  name: 'parquet' as const,
  summary: 'parquet files as on the Hugging Face Hub: a column of images, one of labels',
  hasColumns: true,

  detect: detectParquet,

  async list(location, options) {
    const { tables, paths, values, feature, split } = await readRows(location, options, 'label');
    const { classNames, labels } = toClasses(values, paths, feature, options, locationName(location));
    return {
      classNames,
      samples: paths.map((path, i) => ({ path, label: labels[i] })),
      images: new ParquetImages(location.folder, tables, options.images),
      ...(split === undefined ? {} : { split }),
      imagesSeen: true,
    } satisfies Listing;
  },
} satisfies DatasetLayout;

/** The location, if there are parquet files at it. */
export async function detectParquet(location: DatasetLocation): Promise<DatasetLocation | undefined> {
  const { folder, file } = location;
  const isParquet = (name: string): boolean => isOfKind(name, extension);
  const found = file === undefined ? await hasFile(folder, isParquet) : isParquet(file);
  return found ? location : undefined;
}

/**
 * The pairs of parquet files: a column of images, a column of captions.
 * @throws InputError that lists the rows without a caption; what reading throws
 */
export async function parquetPairs(location: DatasetLocation, options: ListOptions): Promise<CaptionPairs> {
  const { tables, paths, values } = await readRows(location, options, 'caption');
  const pairs = paths.map((image, i): CaptionPair => ({ image, caption: textOf(values[i]).trim(), backdoored: false }));
  const problems = new Problems();
  problems.addList(
    pairs.filter(({ caption }) => caption === '').map(({ image }) => image),
    (few) => `no caption for ${few}`,
  );
  problems.throwIfAny({ operation: `read the pairs ${locationName(location)}`, expected: 'a caption in every row' });
  return {
    pairs,
    images: new ParquetImages(location.folder, tables, options.images),
    location: locationName(location),
  };
}

/** The rows of a part, and one column of them; the images are not read. */
interface Rows {
  readonly tables: readonly ImageTable[];
  /** `file#row` of each. */
  readonly paths: readonly string[];
  /** Of the column, for each row. */
  readonly values: readonly unknown[];
  /** The classes that the data set says the column's integers are. */
  readonly feature: Named | undefined;
  readonly split: Split | undefined;
}

async function readRows(location: DatasetLocation, options: ListOptions, role: 'label' | 'caption'): Promise<Rows> {
  const { folder } = location;
  const card = location.file === undefined ? await readDataCard(folder) : undefined;
  const chosen = await chooseDataFiles(location, extension, card, options);
  const tables: ImageTable[] = [];
  const paths: string[] = [];
  const values: unknown[] = [];
  let feature: Named | undefined;
  for (const path of chosen.files) {
    await withFile(folder, path, async (source) => {
      const file = await ParquetFile.open(source);
      const features = new Map([...featuresOf(card, chosen), ...file.features]);
      const { name: column } = chooseColumn(file, features, columnRoles.image, options.columns?.image);
      const { name: other } = chooseColumn(file, features, columnRoles[role], options.columns?.[role]);
      tables.push({ path, file, column });
      const told = [file.features.get(other), features.get(other)].find(isNamed);
      feature ??= told;
      checkSameNames(path, feature, told);
      for (const [group, { start }] of file.rowGroups.entries()) {
        for (const [i, value] of (await file.readColumn(source, group, other)).entries()) {
          paths.push(rowPath(path, start + i));
          values.push(value);
        }
      }
    });
  }
  return { tables, paths, values, feature, split: chosen.split };
}

type Named = Feature & { readonly kind: 'class' };

function isNamed(feature: Feature | undefined): feature is Named {
  return feature?.kind === 'class' && feature.names.length > 0;
}

/** The same integer has to mean the same class in all files. */
function checkSameNames(path: string, first: Named | undefined, here: Named | undefined): void {
  const differs = first?.names.findIndex((name, i) => name !== here?.names[i]) ?? -1;
  if (first === here || (differs === -1 && first?.names.length === here?.names.length)) return;
  throw new InputError({
    code: 'mismatch',
    operation: `read ${path}`,
    expected: 'the class names of the files before it',
    received: here === undefined ? 'none' : `${here.names[differs] ?? 'more'} as class ${differs}`,
    fix: 'Point at files of one data set.',
  });
}

function featuresOf(card: DataCard | undefined, { config }: DataFiles): Iterable<[string, Feature]> {
  return card?.features.get(config) ?? [];
}

/** Class names, and the class of each row: by the names that the data set gives its integers, or by the labels alone. */
function toClasses(
  values: readonly unknown[],
  paths: readonly string[],
  feature: Named | undefined,
  { classNames: lines }: ListOptions,
  name: string,
): ResolvedLabels {
  const texts = values.map(textOf);
  const problems = new Problems();
  problems.addList(
    paths.filter((_, i) => texts[i] === '' || texts[i].startsWith('-')),
    (few) => `no label, or one below 0, for ${few}`,
  );
  problems.throwIfAny({
    operation: `read data set ${name}`,
    expected: 'a label in every row',
    fix: 'Test splits of competitions come without labels: take another split.',
  });
  const { names = [] } = feature ?? {};
  if (names.length === 0 || !texts.every((text) => /^\d+$/.test(text))) return resolveLabels(texts, lines, name);
  return {
    classNames: lines === undefined ? names.map(classNameOf) : nameFolders(names, lines),
    labels: texts.map(Number),
  };
}

/** A label or caption as text; empty where there is none. */
function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
}
