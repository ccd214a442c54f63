import type { Folder } from '../core/bytes.js';

/** One labelled image. */
export interface Sample {
  /** Path inside the data set's image folder, `/` between the parts. */
  readonly path: string;
  /** Index into the data set's class names. */
  readonly label: number;
}

export const splits = ['train', 'val', 'test'] as const;
/** Which part of a data set that comes in parts. */
export type Split = (typeof splits)[number];

/** A labelled data set, listed and checked; no image has been opened yet. */
export interface Dataset {
  /** As they go into class prompts; unique. */
  readonly classNames: readonly string[];
  /** In the order of the list, or sorted by path for a folder. */
  readonly samples: readonly Sample[];
  /** What the samples' paths are relative to. */
  readonly images: Folder;
  /** Where it came from, for messages and the run record. */
  readonly source: DatasetSource;
}

export interface DatasetSource {
  readonly layout: string;
  /** Folder or list file as the person named it. */
  readonly location: string;
  /** The part that was read, where the data set comes in parts. */
  readonly split?: Split;
  /** Files of an image folder that are not images. */
  readonly ignored: readonly string[];
}
