import { openDataset as openLocated, type DatasetOptions } from '../data/dataset.js';
import type { DatasetLocation } from '../data/layout.js';
import type { Dataset } from '../data/sample.js';
import { datasetLocation } from './dataset-location.js';
import type { HubOptions } from './hub/hub-repository.js';

/**
 * Lists a labelled data set and checks the list; opens no image. Which layout it has is found out by looking.
 * @param given a folder, or a list, parquet file or tar shard; `hf:owner/name` is fetched from the Hugging Face Hub, see
 *   `datasetLocation`
 * @throws InputError (`data`) that lists all that is wrong: no images, one class only, empty classes, class names twice,
 *   labels out of range, images that are not there; `missing`, `access`, `network`, … for what cannot be had
 */
export async function openDataset(
  given: string | DatasetLocation,
  options: DatasetOptions & HubOptions = {},
): Promise<Dataset> {
  return openLocated(typeof given === 'string' ? await datasetLocation(given, options) : given, options);
}
