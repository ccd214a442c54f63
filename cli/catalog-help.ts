import { triggers } from '../src/attack/trigger/triggers.js';
import type { CatalogEntry } from '../src/core/catalog.js';

/** How an entry of a catalog is written in a flag. */
export function entryHelp(catalog: readonly CatalogEntry<unknown>[]): string {
  return `${catalog.map(({ name }) => name).join(', ')}; with settings as in ${catalog[0].name}:setting=value,…`;
}

export const triggerHelp =
  `${entryHelp(triggers)}, with those of public code as in badnet@cleanclip (\`rvpt trigger list\` tells all); ` +
  'or a manifest.json that holds one, or a model of the zoo (zoo:badnet), for its own';
