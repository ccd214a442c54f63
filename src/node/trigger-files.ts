import path from 'node:path';

import { PACKAGE_FILE, type TriggerResources } from '../attack/trigger/trigger.js';
import type { ByteSource } from '../core/bytes.js';
import { builtInFiles } from './assets.js';

/** `files`, and beside them those of the package. */
export function withPackageFiles(files: TriggerResources['files']): TriggerResources['files'] {
  return {
    open: (name): Promise<ByteSource> =>
      name.startsWith(PACKAGE_FILE) ? builtInFiles().open(name.slice(PACKAGE_FILE.length)) : files.open(name),
  };
}

/** Where a file lies that a trigger's settings name. @param folder what names are relative to, but those of the package */
export function triggerFilePath(folder: string, name: string): string {
  if (name.startsWith(PACKAGE_FILE)) return builtInFiles().resolve(name.slice(PACKAGE_FILE.length));
  return path.resolve(folder, name);
}
