import { stat } from 'node:fs/promises';
import path from 'node:path';

import type { DatasetLocation } from '../data/layout.js';
import { DiskFolder } from './files.js';

/** A path a person gave: a folder as it is; a file, or a pattern of shards like `train-{000..009}.tar`, in its folder. */
export async function datasetLocation(given: string): Promise<DatasetLocation> {
  // what is not there is left to the first read, which says so
  const isFile = await stat(given).then(
    (info) => info.isFile(),
    () => false,
  );
  if (!isFile && !/\{\d+\.\.\d+\}[^/\\]*$/.test(given)) return { folder: new DiskFolder(given) };
  return { folder: new DiskFolder(path.dirname(given)), file: path.basename(given) };
}
