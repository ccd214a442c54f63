import { stat } from 'node:fs/promises';
import path from 'node:path';

import type { DatasetLocation, ListOptions } from '../data/layout.js';
import { DiskFolder } from './files.js';
import { fetchHubDataset } from './hub/hub-dataset.js';
import { isHubId } from './hub/hub-id.js';
import type { HubOptions } from './hub/hub-repository.js';

/**
 * What a person points at: a folder as it is; a file, or a pattern of shards like `train-{000..009}.tar`, in its folder;
 * `hf:owner/name`, with `@revision` or `:split` after it, is fetched from the Hugging Face Hub into its cache.
 * @param options the part that is wanted, as `openDataset` is told: of a data set of the Hub no other is fetched
 * @throws InputError (`usage`, `missing`, `access`, `network`, `mismatch`, `storage`) for what is on the Hub
 */
export async function datasetLocation(
  given: string,
  options: Pick<ListOptions, 'split' | 'preferredSplits'> & HubOptions = {},
): Promise<DatasetLocation> {
  if (isHubId(given)) return fetchHubDataset(given, options);
  // what is not there is left to the first read, which says so
  const isFile = await stat(given).then(
    (info) => info.isFile(),
    () => false,
  );
  if (!isFile && !/\{\d+\.\.\d+\}[^/\\]*$/.test(given)) return { folder: new DiskFolder(given) };
  return { folder: new DiskFolder(path.dirname(given)), file: path.basename(given) };
}
