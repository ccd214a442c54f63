import { stat } from 'node:fs/promises';
import path from 'node:path';

import { openCheckpoint, type Checkpoint } from '../checkpoint/checkpoint.js';
import { DiskFolder } from './files.js';
import type { HubOptions } from './hub/hub-repository.js';
import { locateModel } from './model-location.js';
import { sha256 } from './sha256.js';

/**
 * Opens the checkpoint at a path: a model folder, a weight file, or the index of a sharded one; or a model of the zoo
 * (`zoo:badnet`). A config beside a file is read as it would be in a folder. Dispose of it when its tensors are no longer needed.
 * @throws InputError as `openCheckpoint` does, and (`missing`) when there is nothing at the path.
 */
export async function openCheckpointAt(given: string, options: HubOptions = {}): Promise<Checkpoint> {
  const { path: location } = await locateModel(given, options);
  const isFolder = await stat(location).then(
    (info) => info.isDirectory(),
    () => false, // opening it as a file says why it cannot be
  );
  if (isFolder) return openCheckpoint(new DiskFolder(location), { sha256 });
  return openCheckpoint(new DiskFolder(path.dirname(location)), { file: path.basename(location), sha256 });
}
