import { hostileArchives } from './corpus/archives.js';
import { hostileFolders } from './corpus/folders.js';
import type { HostileFile } from './corpus/hostile-file.js';
import { hostilePickles } from './corpus/pickles.js';
import { hostileHeaders } from './corpus/safetensors.js';

/** Files that must be refused, each with what its error must name. */
export const hostileFiles: readonly HostileFile[] = [
  ...hostilePickles,
  ...hostileArchives,
  ...hostileHeaders,
  ...hostileFolders,
];
