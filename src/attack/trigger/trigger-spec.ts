import { z } from 'zod';

import { InputError } from '../../core/errors.js';
import type { Trigger, TriggerResources } from './trigger.js';
import { makeTrigger } from './triggers.js';

/** A trigger as manifests hold it. Files that its settings name lie beside the manifest. */
export const triggerSpec = z.object({
  /** With or without a preset: `badnet`, `badnet@cleanclip`. */
  name: z.string(),
  /** What differs from the defaults, or all of them. */
  settings: z.record(z.string(), z.json()).default({}),
  /** Of what the trigger draws: a fixed noise, a place. Without it the seed of whoever uses the trigger. */
  seed: z.int().optional(),
});
export type TriggerSpec = z.output<typeof triggerSpec>;

/** The part of a manifest that says how a model is attacked; whatever else stands in it is passed over. */
export const attackSpec = z.object({
  trigger: triggerSpec,
  /** The attackers' class, by its name or as `#index`. */
  target: z.string().optional(),
  /** SHA-256 of the files that the trigger is made from, by their names in its settings, where the manifest tells. */
  trigger_files: z.record(z.string(), z.string()).default({}),
});
export type AttackSpec = z.output<typeof attackSpec>;

/**
 * The attack in a manifest.
 * @param value the manifest's parsed JSON; @param name what to call it in messages
 * @throws InputError (`malformed`) that lists all that is wrong
 */
export function parseAttackSpec(value: unknown, name: string): AttackSpec {
  const parsed = attackSpec.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InputError({
    code: 'malformed',
    operation: `read the trigger of ${name}`,
    expected: 'a manifest such as {"trigger": {"name": "badnet", "settings": {"size": 32}}, "target": "banana"}',
    received: 'JSON that does not fit',
    fix: `\n${z.prettifyError(parsed.error)}`,
  });
}

/**
 * The trigger, drawing from its own seed where it names one: a noise that a model was poisoned with comes back.
 * @throws InputError (`usage`) that lists everything wrong with it; what a missing or broken file of it throws
 */
export async function triggerFromSpec(spec: TriggerSpec, resources: TriggerResources): Promise<Trigger> {
  const { name, settings, seed } = spec;
  const trigger = await makeTrigger({ name, settings }, resources);
  if (seed === undefined) return trigger;
  return { ...trigger, apply: (image, { imageKey }) => trigger.apply(image, { seed, imageKey }) };
}

/** A trigger as a manifest holds it: every setting, defaults included. */
export function specOfTrigger({ name, settings }: Trigger): TriggerSpec {
  return triggerSpec.parse({ name, settings });
}
