import { classNameLines } from './class-names.js';
import type { CaptionPair, CaptionPairs } from './caption-pair.js';
import { readDataCard } from './data-card.js';
import { chooseDataFiles, hasFile, isOfKind } from './data-files.js';
import { imageKind } from './image-formats.js';
import { resolveLabels } from './labels.js';
import { locationName, type DatasetLayout, type DatasetLocation, type Listing, type ListOptions } from './layout.js';
import { Problems } from './problems.js';
import type { Split } from './sample.js';
import { Shards, type IndexedSample } from './tar/shards.js';
import { readText, withFile } from './text-file.js';

const extension = '.tar';
/** Beside the shards of clip-benchmark's data sets: one class a line, by index. */
const classNamesFile = 'classnames.txt';

/** Tar shards of images with their labels. */
export const webdataset = {
  name: 'webdataset' as const,
  summary:
    'WebDataset tar shards: an image and .cls or .json (label) a key; a folder, one shard, or name-{000..009}.tar',

  detect: detectShards,

  async list(location, options) {
    const { shards, split } = await openShards(location, options);
    const { samples } = shards;
    check(samples, location, '.cls, or .json with a label,', ({ label }) => label);
    const lines = options.classNames ?? (await readClassNames(location));
    const texts = samples.map(({ label = '' }) => label);
    const { classNames, labels } = resolveLabels(texts, lines, locationName(location));
    return {
      classNames,
      samples: samples.map(({ path }, i) => ({ path, label: labels[i] })),
      images: shards,
      ...(split === undefined ? {} : { split }),
      imagesSeen: true,
    } satisfies Listing;
  },
} satisfies DatasetLayout;

/**
 * The location, if there are tar shards at it. An archive beside images is what they were unpacked from, and no shard:
 * there it has to be named itself.
 */
export async function detectShards(location: DatasetLocation): Promise<DatasetLocation | undefined> {
  const { folder, file } = location;
  const isShard = (name: string): boolean => isOfKind(name, extension);
  if (file !== undefined) return isShard(file) ? location : undefined;
  const found = (await hasFile(folder, isShard)) && !(await hasFile(folder, (name) => imageKind(name) === 'image'));
  return found ? location : undefined;
}

/**
 * The pairs of tar shards: an image and `.txt`, or `.json` with a caption, a key.
 * @throws InputError that lists the keys without one or the other; what indexing throws
 */
export async function shardPairs(location: DatasetLocation, options: ListOptions): Promise<CaptionPairs> {
  const { shards } = await openShards(location, options);
  check(shards.samples, location, '.txt, or .json with a caption,', ({ caption }) => caption);
  const pairs = shards.samples.map(({ path, caption = '' }): CaptionPair => ({
    image: path,
    caption,
    backdoored: false,
  }));
  return { pairs, images: shards, location: locationName(location) };
}

async function openShards(
  location: DatasetLocation,
  options: ListOptions,
): Promise<{ shards: Shards; split?: Split | undefined }> {
  const { folder, file } = location;
  const card = file === undefined ? await readDataCard(folder) : undefined;
  const { files, split } = await chooseDataFiles(location, extension, card, options);
  return { shards: await Shards.index(folder, files), split };
}

function check(
  samples: readonly IndexedSample[],
  location: DatasetLocation,
  text: string,
  textOf: (sample: IndexedSample) => string | undefined,
): void {
  const problems = new Problems();
  const pathsOf = (wrong: (sample: IndexedSample) => boolean): string[] =>
    samples.filter(wrong).map(({ path }) => path);
  if (samples.length === 0) problems.add('no files with a key and an extension');
  problems.addList(
    pathsOf(({ image }) => image === undefined),
    (few) => `no image for ${few}`,
  );
  problems.addList(
    pathsOf((sample) => textOf(sample) === undefined),
    (few) => `no ${text} for ${few}`,
  );
  problems.throwIfAny({
    operation: `read the shards ${locationName(location)}`,
    expected: `an image and ${text} a key`,
  });
}

async function readClassNames({ folder }: DatasetLocation): Promise<string[] | undefined> {
  if (!(await folder.has(classNamesFile))) return undefined;
  return classNameLines(await withFile(folder, classNamesFile, readText));
}
