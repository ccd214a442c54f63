import { makeEntry, parseEntry, type Named } from '../../core/catalog.js';
import { badclip } from './badclip.js';
import { badnet } from './badnet.js';
import { blended } from './blended.js';
import { issba } from './issba.js';
import { patch } from './patch.js';
import { sig } from './sig.js';
import { stripes } from './stripes.js';
import { text } from './text.js';
import { triangles } from './triangles.js';
import type { Trigger, TriggerEffect, TriggerEntry, TriggerFromFiles, TriggerResources } from './trigger.js';
import { trojvqa } from './trojvqa.js';
import { wanet } from './wanet.js';

/** Every trigger. A new one is one file and one line here; docs/adding-a-trigger.md tells the rest. */
export const triggers: readonly TriggerEntry[] = [
  badnet,
  blended,
  sig,
  wanet,
  issba,
  patch,
  badclip,
  trojvqa,
  stripes,
  triangles,
  text,
];

/**
 * The trigger that a text such as `badnet`, `badnet:size=32,place=top-left` or `badnet@cleanclip` asks for.
 * @throws InputError (`usage`) that lists everything wrong with it; what a missing or broken file of it throws
 */
export async function parseTrigger(written: string, resources: TriggerResources): Promise<Trigger> {
  return prepared(parseEntry('trigger', triggers, written), resources);
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
