import { parseDataCard, type DataCard } from '../../data/data-card.js';
import { isOfKind, splitDataFiles } from '../../data/data-files.js';
import { chooseSplit, withLocationSplit, type DatasetLocation, type ListOptions } from '../../data/layout.js';
import { readText, withFile } from '../../data/text-file.js';
import { InputError } from '../../core/errors.js';
import { DiskFolder } from '../files.js';
import { parseHubDataset } from './hub-id.js';
import { HubRepository, type HubOptions } from './hub-repository.js';

/** What a part is made of, the first that there is. */
const kinds: readonly (readonly string[])[] = [
  ['.parquet'],
  ['.tar'],
  ['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif'],
];

/** Lists and names that readers look for at the top of a data set. */
const companions = /^(?:README\.md|classnames\.txt|labels\.csv|split_[^/]*\.json)$/;

/** Images that lie one by one are fetched one by one. */
const MAXIMUM_FILES = 20_000;

/**
 * Fetches one part of a data set: its parquet files, tar shards or images, and what tells of them.
 * @param given `hf:owner/name[@revision][:split]`
 * @throws InputError (`usage`) when it is no such name, or there is no such part; (`unsupported`) when it has nothing that
 *   is read here; what `HubRepository` throws
 */
export async function fetchHubDataset(
  given: string,
  options: Pick<ListOptions, 'split' | 'preferredSplits'> & HubOptions,
): Promise<DatasetLocation> {
  const id = parseHubDataset(given);
  const name = id.split === undefined ? given : given.slice(0, -id.split.length - 1);
  const repository = await HubRepository.open(name, id, options);
  const folder = new DiskFolder(repository.folder, name);
  const paths = [...repository.files.keys()].sort();
  const beside = paths.filter((path) => companions.test(path));
  await repository.fetch(beside);

  const data = kinds.map((kind) => paths.filter((path) => kind.some((extension) => isOfKind(path, extension))));
  const files = data.find((some) => some.length > 0);
  if (files === undefined) throw nothingToRead(name, paths);
  const { parts } = splitDataFiles(files, await cardOf(repository, folder), name);
  const whole = { folder, ...(id.split === undefined ? {} : { split: id.split }) };
  const isOne = parts.size === 1 && parts.has('');
  const part = isOne
    ? files
    : (parts.get(chooseSplit([...parts.keys()], withLocationSplit(options, whole), name)) ?? []);
  if (part.length > MAXIMUM_FILES) throw tooMany(name, part.length);
  await repository.fetch(part);
  return { ...whole, origin: await repository.origin() };
}

async function cardOf({ files }: HubRepository, folder: DiskFolder): Promise<DataCard | undefined> {
  if (!files.has('README.md')) return undefined;
  return parseDataCard(await withFile(folder, 'README.md', readText), `${folder.name}/README.md`);
}

function nothingToRead(name: string, paths: readonly string[]): InputError {
  const script = paths.find((path) => path.endsWith('.py'));
  const bare = name.split('@')[0];
  return new InputError({
    code: 'unsupported',
    operation: `read data set ${name}`,
    expected: 'parquet files, tar shards or images',
    received: script === undefined ? 'a repository without any' : `a repository with ${script}, code that would be run`,
    ...(script === undefined
      ? {}
      : { fix: `The Hub may have made parquet files of it: ${bare}@refs/convert/parquet.` }),
  });
}

function tooMany(name: string, count: number): InputError {
  return new InputError({
    code: 'unsupported',
    operation: `download ${name}`,
    expected: `at most ${MAXIMUM_FILES} files`,
    received: `${count}`,
    fix: `Fetch them with other means, or look for parquet files: ${name.split('@')[0]}@refs/convert/parquet.`,
  });
}
