import type { FileStore, Folder } from '../core/bytes.js';
import { InputError } from '../core/errors.js';
import type { HubOrigin } from '../core/hub-origin.js';
import { splitNamed, splits, usualSplit, type Sample, type Split } from './sample.js';

/** What a person points at: a folder, or a file in one. */
export interface DatasetLocation {
  readonly folder: Folder;
  /** Name of a file inside `folder`: a list, a parquet file, a tar shard, or a pattern of shards. */
  readonly file?: string;
  /** The part that the location itself names, as `hf:owner/name:test` does. */
  readonly split?: string;
  /** Where the files came from, if from a Hub. */
  readonly origin?: HubOrigin;
}

/** What of a data set is read, and what its files leave open. */
export interface ListOptions {
  /** The part to read; refused where the data set does not come in parts. */
  readonly split?: Split;
  /** The part to read where the data set comes in parts and `split` is not given: the first of these it has. */
  readonly preferredSplits?: readonly Split[];
  /** Lines of a class-names file. */
  readonly classNames?: readonly string[];
  /** What the paths of a list file are relative to, if not to what its layout says. */
  readonly images?: FileStore;
  /** Columns of a table to take, where its own words do not tell. */
  readonly columns?: Columns;
}

/** Columns of a table, by their names. */
export interface Columns {
  readonly image?: string;
  readonly label?: string;
  readonly caption?: string;
}

/** What a layout reads, before the checks that all layouts share. */
export interface Listing {
  readonly classNames: readonly string[];
  readonly samples: readonly Sample[];
  readonly images: FileStore;
  readonly split?: Split;
  readonly templates?: readonly string[];
  readonly ignored?: readonly string[];
  /** Whether the images are known to be there; if not, they are looked for. */
  readonly imagesSeen: boolean;
  /** Classes of the same name are meant to be there; refused by default. */
  readonly sharedNames?: boolean;
}

/** One way a labelled data set lies on disk. */
export interface DatasetLayout {
  readonly name: string;
  /** One line for help texts. */
  readonly summary: string;
  /** Whether {@link ListOptions.columns} means anything to it. */
  readonly hasColumns?: boolean;
  /** The location with its list file found, if this layout can read it. */
  detect(location: DatasetLocation): Promise<DatasetLocation | undefined>;
  /** @throws InputError that lists what is wrong. */
  list(location: DatasetLocation, options: ListOptions): Promise<Listing>;
}

export function locationName({ folder, file }: DatasetLocation): string {
  return file === undefined ? folder.name : `${folder.name}/${file}`;
}

/** A class name as it goes into a prompt. */
export function classNameOf(folderName: string): string {
  return folderName.replaceAll('_', ' ').trim();
}

/**
 * The part to read of a data set that has the parts `present`.
 * @throws InputError (`usage`) when it has no such part.
 */
export function chooseSplit(
  present: readonly Split[],
  { split, preferredSplits = [] }: ListOptions,
  name: string,
): Split {
  // a lone part with a name of its own is the data set; a lone `test` is still not taken for something to tune on
  const lone = present.length === 1 && usualSplit(present[0]) === undefined ? present[0] : undefined;
  const chosen =
    split === undefined
      ? (preferredSplits.find((preferred) => present.includes(preferred)) ?? lone)
      : splitNamed(split);
  if (chosen !== undefined && present.includes(chosen)) return chosen;
  throw new InputError({
    code: 'usage',
    operation: `read data set ${name}`,
    expected: `a split among ${present.join(', ')}`,
    received: chosen ?? 'none',
    ...(split === undefined ? { fix: 'Name one with --split.' } : {}),
  });
}

/** @throws InputError (`usage`) when a part is asked for of a data set that has none. */
export function refuseSplit({ split }: ListOptions, name: string): void {
  if (split === undefined) return;
  throw new InputError({
    code: 'usage',
    operation: `read data set ${name}`,
    expected: `a data set with the splits ${splits.join(', ')}`,
    received: `one without, of which ${split} was asked for`,
  });
}

/**
 * The options with the part that the location itself names, where they name none.
 * @throws InputError (`usage`) when both name one, and not the same
 */
export function withLocationSplit<T extends ListOptions>(options: T, location: DatasetLocation): T {
  const { split } = location;
  if (split === undefined) return options;
  if (options.split === undefined || splitNamed(options.split) === splitNamed(split)) return { ...options, split };
  throw new InputError({
    code: 'usage',
    operation: `read data set ${locationName(location)}`,
    expected: 'one split',
    received: `:${split} and --split ${options.split}`,
  });
}

/** @throws InputError (`usage`) when columns are named of a data set that is no table */
export function refuseColumns({ columns = {} }: ListOptions, layout: string, name: string): void {
  const given = Object.entries(columns).filter(([, column]) => column !== undefined);
  if (given.length === 0) return;
  throw new InputError({
    code: 'usage',
    operation: `read data set ${name}`,
    expected: 'columns of a table (csv, parquet)',
    received: `a data set of layout ${layout}, and ${given.map(([what, column]) => `--${what}-column ${column}`).join(', ')}`,
  });
}
