import type { TriggerResources } from '../../src/attack/trigger/trigger.js';
import { MemoryBytes } from '../../src/core/bytes.js';
import { imageDecoder } from '../../src/node/decode-image.js';
import { withPackageFiles } from '../../src/node/trigger-files.js';
import { noisePng } from './images.js';

/** What triggers with default settings read: `patch.png`. */
export function triggerResources(): TriggerResources {
  return {
    files: withPackageFiles({ open: async (name) => new MemoryBytes(name, await noisePng(name)) }),
    decode: imageDecoder(),
  };
}
