import type { FileStore } from '../core/bytes.js';
import type { HubOrigin } from '../core/hub-origin.js';

/** One labelled image. */
export interface Sample {
  /**
   * Path inside the data set's images, `/` between the parts; a row of a parquet file is `train.parquet#12`, a member of
   * a tar shard `shard-000.tar/000123.jpg`.
   */
  readonly path: string;
  /** Index into the data set's class names. */
  readonly label: number;
}

/** The parts that most data sets have, by the names that they have here. */
export const splits = ['train', 'val', 'test'] as const;
/** Which part of a data set that comes in parts: `train`, `val`, `test`, or a name of its own. */
export type Split = (typeof splits)[number] | (string & {});

const splitNames: ReadonlyMap<string, Split> = new Map([
  ['train', 'train'],
  ['training', 'train'],
  ['val', 'val'],
  ['valid', 'val'],
  ['validation', 'val'],
  ['dev', 'val'],
  ['test', 'test'],
  ['testing', 'test'],
  ['eval', 'test'],
  ['evaluation', 'test'],
]);

/** The part that goes by `name`, if it is one of the usual names. */
export function usualSplit(name: string): Split | undefined {
  return splitNames.get(name.toLowerCase());
}

/** `validation` is `val`, `eval` is `test`, …; a name of a data set's own stays as it is. */
export function splitNamed(name: string): Split {
  return usualSplit(name) ?? name;
}

/** A labelled data set, listed and checked; no image has been opened yet. */
export interface Dataset {
  /** As they go into class prompts; unique, but in CoOp's ImageNet layouts, where two pairs of classes share a name. */
  readonly classNames: readonly string[];
  /** In the order of the list, or sorted by path for a folder. */
  readonly samples: readonly Sample[];
  /** What the samples' paths are relative to. */
  readonly images: FileStore;
  /** The field's own class prompt templates for this data set, where it has any. */
  readonly templates?: readonly string[];
  /** Where it came from, for messages and the run record. */
  readonly source: DatasetSource;
}

/** Where a data set was found, and how it lies there. */
export interface DatasetSource {
  readonly layout: string;
  /** Folder or list file as the person named it. */
  readonly location: string;
  /** The part that was read, where the data set comes in parts. */
  readonly split?: Split;
  /** The files that it was read from, if they came from a Hub. */
  readonly origin?: HubOrigin;
  /** Files of an image folder that are not images. */
  readonly ignored: readonly string[];
}
