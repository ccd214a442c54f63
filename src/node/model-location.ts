import type { HubOrigin } from '../core/hub-origin.js';
import { isHubId } from './hub/hub-id.js';
import { fetchHubModel } from './hub/hub-model.js';
import type { HubOptions } from './hub/hub-repository.js';
import { isZooName, zooLocation } from './zoo.js';

/** Where a model lies on this machine. */
export interface ModelLocation {
  /** A folder, a weight file, or the index of a sharded one. */
  readonly path: string;
  /** Where its files came from, if from a Hub. */
  readonly origin?: HubOrigin;
}

/**
 * Finds a model: `zoo:badnet` is a folder of the package; `hf:owner/name`, with `/file` or `@revision` after it, is
 * fetched from the Hugging Face Hub into its cache; anything else is a path.
 * @throws InputError (`usage`, `missing`, `access`, `network`, `mismatch`, `storage`) telling what to do
 */
export async function locateModel(given: string, options: HubOptions = {}): Promise<ModelLocation> {
  if (isZooName(given)) return { path: await zooLocation(given) };
  return isHubId(given) ? fetchHubModel(given, options) : { path: given };
}
