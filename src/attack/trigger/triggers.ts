import { z } from 'zod';

import { InputError } from '../../core/errors.js';
import { badnet } from './badnet.js';
import { blended } from './blended.js';
import type { Trigger, TriggerKind } from './trigger.js';

/** Every trigger. A new one is one file and one line here; docs/adding-a-trigger.md tells the rest. */
export const triggerKinds: readonly TriggerKind[] = [badnet, blended];

/**
 * The trigger that a text such as `badnet` or `badnet:size=32,place=top-left` asks for.
 * @throws InputError (`usage`) that lists everything wrong with it.
 */
export function parseTrigger(text: string): Trigger {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const kind = triggerKinds.find((candidate) => candidate.name === name);
  if (kind === undefined) {
    throw new InputError({
      code: 'usage',
      operation: `read the trigger ${JSON.stringify(text)}`,
      expected: `one of ${triggerKinds.map((candidate) => candidate.name).join(', ')}`,
      received: JSON.stringify(name),
    });
  }
  const { settings, problems } = parseSettings(colon < 0 ? '' : text.slice(colon + 1));
  problems.push(...kind.problems(settings));
  if (problems.length === 0) return kind.create(settings);
  throw new InputError({
    code: 'usage',
    operation: `read the trigger ${JSON.stringify(text)}`,
    expected: `${name}:setting=value,… with settings among ${Object.keys(kind.settings.shape).join(', ')}`,
    received: problems.join('; '),
  });
}

function parseSettings(text: string): { settings: Record<string, string | number>; problems: string[] } {
  const settings = new Map<string, string | number>();
  const problems: string[] = [];
  for (const part of text.split(',').filter((piece) => piece.trim() !== '')) {
    const equals = part.indexOf('=');
    const key = part.slice(0, Math.max(0, equals)).trim();
    const value = part.slice(equals + 1).trim();
    if (key === '') problems.push(`${JSON.stringify(part)} is not setting=value`);
    else if (settings.has(key)) problems.push(`${key} is given twice`);
    else settings.set(key, value !== '' && Number.isFinite(Number(value)) ? Number(value) : value);
  }
  return { settings: Object.fromEntries(settings), problems };
}

/** One setting of a trigger, as help texts and documentation show it. */
export interface TriggerSetting {
  readonly name: string;
  readonly description: string;
  /** Written as in `--trigger`. */
  readonly defaultValue: string;
  /** Empty where any number goes. */
  readonly choices: readonly string[];
}

const described = z.record(
  z.string(),
  z.object({ description: z.string(), default: z.coerce.string(), enum: z.array(z.string()).default([]) }),
);

/** The settings of a trigger, read off its schema. */
export function triggerSettings(kind: TriggerKind): TriggerSetting[] {
  const { properties } = z.toJSONSchema(kind.settings);
  return Object.entries(described.parse(properties)).map(([name, { description, default: value, enum: choices }]) => ({
    name,
    description,
    defaultValue: value,
    choices,
  }));
}
