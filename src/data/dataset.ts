import { InputError } from '../core/errors.js';
import { canonicalJson } from '../core/json.js';
import { imagenet, imagenetA, imagenetR, imagenetSketch, imagenetV2 } from './coop-imagenet.js';
import { coopSplit } from './coop-split.js';
import { csvList } from './csv-list.js';
import { imageFolder } from './image-folder.js';
import {
  locationName,
  refuseColumns,
  withLocationSplit,
  type DatasetLayout,
  type DatasetLocation,
  type Listing,
  type ListOptions,
} from './layout.js';
import { missingImages } from './missing-images.js';
import { parquet } from './parquet-layout.js';
import { Problems } from './problems.js';
import { repeated } from './repeated.js';
import type { Dataset } from './sample.js';
import { webdataset } from './webdataset.js';

/** Layouts in the order in which they are tried: a list file says more than the folder around it. */
export const datasetLayouts = [
  coopSplit,
  csvList,
  imagenet,
  imagenetV2,
  imagenetSketch,
  imagenetA,
  imagenetR,
  parquet,
  webdataset,
  imageFolder,
] as const;

/** Names of the layouts, see docs/formats.md. */
export type DatasetLayoutName = (typeof datasetLayouts)[number]['name'];

/** How `openDataset` reads a data set. */
export interface DatasetOptions extends ListOptions {
  /** Found out by looking, by default. */
  readonly layout?: DatasetLayoutName;
  /** Classes without a single image are refused by default; evaluation can do with them. */
  readonly emptyClasses?: 'refuse' | 'allow';
}

/**
 * Lists a labelled data set and checks the list; opens no image.
 * @throws InputError that lists all that is wrong: no images, one class only, empty classes, class names twice, labels
 *   out of range, images that are not there.
 */
export async function openDataset(location: DatasetLocation, options: DatasetOptions = {}): Promise<Dataset> {
  const { layout, found } = await findLayout(location, options.layout);
  if (layout.hasColumns !== true) refuseColumns(options, layout.name, locationName(found));
  const listing = await layout.list(found, withLocationSplit(options, location));
  await checkListing(listing, locationName(found), options.emptyClasses ?? 'refuse');
  const { classNames, samples, images, split, templates, ignored = [] } = listing;
  return {
    classNames,
    samples,
    images,
    ...(templates === undefined ? {} : { templates }),
    source: {
      layout: layout.name,
      location: locationName(found),
      ignored,
      ...(split === undefined ? {} : { split }),
      ...(location.origin === undefined ? {} : { origin: location.origin }),
    },
  };
}

async function findLayout(
  location: DatasetLocation,
  wanted: DatasetLayoutName | undefined,
): Promise<{ layout: DatasetLayout; found: DatasetLocation }> {
  const candidates = datasetLayouts.filter(({ name }) => wanted === undefined || name === wanted);
  for (const layout of candidates) {
    const found = await layout.detect(location);
    if (found !== undefined) return { layout, found };
  }
  throw new InputError({
    code: 'data',
    operation: `read data set ${locationName(location)}`,
    expected: candidates.map(({ name, summary }) => `${name} (${summary})`).join(' or '),
    received: 'something else',
  });
}

async function checkListing(
  { classNames, samples, images, imagesSeen, sharedNames = false }: Listing,
  name: string,
  emptyClasses: 'refuse' | 'allow',
): Promise<void> {
  const problems = new Problems();
  if (classNames.length < 2) problems.add(`one class only: ${classNames.join('')}`);
  const shared = sharedNames ? [] : repeated(classNames);
  problems.addList(shared, (few) => `class names that more than one class has: ${few}`);
  if (classNames.includes('')) problems.add('an empty class name');

  const outside = samples
    .filter(({ label }) => label >= classNames.length)
    .map(({ path, label }) => `${path} (${label})`);
  problems.addList(outside, (few) => `labels beyond the ${classNames.length} classes: ${few}`);
  if (emptyClasses === 'refuse') {
    const filled = new Set(samples.map(({ label }) => label));
    const empty = classNames.filter((_, label) => !filled.has(label));
    problems.addList(empty, (few) => `classes without images: ${few}`);
  }
  const paths = samples.map(({ path }) => path);
  problems.addList(repeated(paths), (few) => `images listed more than once: ${few}`);
  if (!imagesSeen) problems.addList(await missingImages(images, paths), (few) => `images that are not there: ${few}`);
  problems.throwIfAny({
    operation: `read data set ${name}`,
    expected: 'images of two or more classes, each class with a name of its own',
    ...(shared.length === 0 ? {} : { fix: 'Give every class a name of its own with --class-names.' }),
  });
}

/** The list as one text, whatever order its images came in: what a run's hash of its data is taken of. */
export function canonicalDataList({ classNames, samples }: Pick<Dataset, 'classNames' | 'samples'>): string {
  const sorted = [...samples].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return canonicalJson({ classNames, samples: sorted.map(({ path, label }) => [path, label]) });
}
