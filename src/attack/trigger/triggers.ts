import { parseEntry, type CatalogEntry } from '../../core/catalog.js';
import { badnet } from './badnet.js';
import { blended } from './blended.js';
import type { Trigger, TriggerEffect } from './trigger.js';

/** Every trigger. A new one is one file and one line here; docs/adding-a-trigger.md tells the rest. */
export const triggers: readonly CatalogEntry<TriggerEffect>[] = [badnet, blended];

/**
 * The trigger that a text such as `badnet` or `badnet:size=32,place=top-left` asks for.
 * @throws InputError (`usage`) that lists everything wrong with it.
 */
export function parseTrigger(text: string): Trigger {
  return parseEntry('trigger', triggers, text);
}
