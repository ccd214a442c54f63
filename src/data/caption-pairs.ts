import { InputError } from '../core/errors.js';
import { canonicalJson } from '../core/json.js';
import { Random } from '../tensor/random.js';
import type { CaptionPairs } from './caption-pair.js';
import { classPrompts } from './class-prompts.js';
import { csvColumns } from './csv.js';
import {
  locationName,
  refuseColumns,
  refuseSplit,
  withLocationSplit,
  type DatasetLocation,
  type ListOptions,
} from './layout.js';
import { missingImages } from './missing-images.js';
import type { PairSource } from './pair-source.js';
import { detectParquet, parquetPairs } from './parquet-layout.js';
import { Problems } from './problems.js';
import type { Dataset } from './sample.js';
import { readText, withFile } from './text-file.js';
import { detectShards, shardPairs } from './webdataset.js';

/** One way image-caption pairs lie on disk. */
interface PairLayout {
  readonly name: string;
  /** Whether `columns` mean anything to it. */
  readonly hasColumns: boolean;
  detect(location: DatasetLocation): Promise<DatasetLocation | undefined>;
  list(location: DatasetLocation, options: ListOptions): Promise<CaptionPairs>;
}

const pairLayouts: readonly PairLayout[] = [
  { name: 'csv', hasColumns: true, detect: detectCsv, list: csvPairs },
  { name: 'parquet', hasColumns: true, detect: detectParquet, list: parquetPairs },
  { name: 'webdataset', hasColumns: false, detect: detectShards, list: shardPairs },
];

/**
 * Lists the pairs of a CSV file, of parquet files or of tar shards; opens no image.
 * @throws InputError that lists what is wrong: the form of the list, images that are not there
 */
export async function openCaptionPairs(
  location: DatasetLocation,
  options: Omit<ListOptions, 'classNames'> = {},
): Promise<CaptionPairs> {
  const listOptions = withLocationSplit(options, location);
  for (const layout of pairLayouts) {
    const found = await layout.detect(location);
    if (found === undefined) continue;
    if (!layout.hasColumns) refuseColumns(options, layout.name, locationName(location));
    return await layout.list(found, listOptions);
  }
  throw new InputError({
    code: 'usage',
    operation: `read the pairs ${locationName(location)}`,
    expected: 'a .csv file with the columns image,caption, parquet files or tar shards',
    received: location.file === undefined ? 'a folder without them' : 'something else',
    fix: 'A folder with images by class is given as --data.',
  });
}

function detectCsv(location: DatasetLocation): Promise<DatasetLocation | undefined> {
  return Promise.resolve(location.file?.toLowerCase().endsWith('.csv') === true ? location : undefined);
}

/**
 * The pairs of a CSV file as CleanCLIP lays them out: the columns `image` (a path relative to the file) and
 * `caption`, and perhaps `is_backdoor`. An image may have several captions. CleanCLIP takes a pair for poisoned, too,
 * where its path has the word `backdoor` in it; only the column counts here.
 * @throws InputError that lists what is wrong: the form of the list, images that are not there
 */
async function csvPairs(location: DatasetLocation, options: ListOptions): Promise<CaptionPairs> {
  const { folder, file = '' } = location;
  const name = locationName(location);
  const operation = `read the pairs ${name}`;
  refuseSplit(options, name);
  const { image = 'image', caption = 'caption' } = options.columns ?? {};
  const text = await withFile(folder, file, readText);
  const expected = `a header row with ${image},${caption}, perhaps is_backdoor, and a row a pair`;
  const rows = csvColumns(text, { operation, expected }, [image, caption], ['is_backdoor']);

  const problems = new Problems();
  const unclear = rows.flatMap(([, , mark], i) => (markOf(mark) === undefined ? [`${mark} in row ${i + 2}`] : []));
  problems.addList(unclear, (few) => `is_backdoor that is neither 0 nor 1: ${few}`);
  const from = options.images ?? folder;
  const paths = [...new Set(rows.map(([image]) => image))];
  problems.addList(await missingImages(from, paths), (few) => `images that are not there: ${few}`);
  problems.throwIfAny({ operation, expected });
  const pairs = rows.map(([image, caption, mark]) => ({ image, caption, backdoored: markOf(mark) === true }));
  return { pairs, images: from, location: name };
}

function markOf(text: string): boolean | undefined {
  if (/^(0(\.0)?|false|)$/i.test(text)) return false;
  return /^(1(\.0)?|true)$/i.test(text) ? true : undefined;
}

/**
 * The images of a labelled data set with captions made of their class names: for each image one of the templates,
 * drawn by the seed and the image's path.
 * @param templates with `{class}` in them, at least one
 */
export function classCaptionPairs(
  { classNames, samples, images, source }: Dataset,
  templates: readonly string[],
  seed: number,
): CaptionPairs {
  const captions = classPrompts(classNames, templates); // [classes][templates]
  const pairs = samples.map(({ path, label }) => {
    const template = Random.stream(seed, `class-captions/${path}`).below(templates.length);
    return { image: path, caption: captions[label][template], backdoored: false };
  });
  return { pairs, images, location: source.location };
}

/** Pairs as one text, in their order: what a manifest's hash of its data is taken of. */
export function canonicalPairList(pairs: Pick<PairSource, 'count' | 'key' | 'caption'>): string {
  return canonicalJson(Array.from({ length: pairs.count }, (_, i) => [pairs.key(i), pairs.caption(i)]));
}
