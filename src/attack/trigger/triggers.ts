import { makeEntry, parseEntry, type Named } from '../../core/catalog.js';
import { badnet } from './badnet.js';
import { blended } from './blended.js';
import type { Trigger, TriggerEffect, TriggerEntry, TriggerFromFiles, TriggerResources } from './trigger.js';

/** Every trigger. A new one is one file and one line here; docs/adding-a-trigger.md tells the rest. */
export const triggers: readonly TriggerEntry[] = [badnet, blended];

/**
 * The trigger that a text such as `badnet`, `badnet:size=32,place=top-left` or `badnet@cleanclip` asks for.
 * @throws InputError (`usage`) that lists everything wrong with it; what a missing or broken file of it throws
 */
export async function parseTrigger(text: string, resources: TriggerResources): Promise<Trigger> {
  return prepared(parseEntry('trigger', triggers, text), resources);
}

/**
 * The trigger of this name, a preset or not, with these settings; the rest are defaults.
 * @throws InputError (`usage`) that lists everything wrong with them; what a missing or broken file throws
 */
export async function makeTrigger(described: Named, resources: TriggerResources): Promise<Trigger> {
  return prepared(makeEntry('trigger', triggers, described), resources);
}

async function prepared(
  made: (TriggerEffect | TriggerFromFiles) & Named,
  resources: TriggerResources,
): Promise<Trigger> {
  if (!('prepare' in made)) return made;
  const { name, settings } = made;
  return { ...(await made.prepare(resources)), name, settings };
}
