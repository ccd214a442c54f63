import { z } from 'zod';

import { refuseUnreadableKey, withTextKey } from '../src/attack/trigger/text-key.js';
import { InputError } from '../src/core/errors.js';
import type { Attack } from '../src/evaluation/evaluate.js';
import { resolveTarget } from '../src/evaluation/target.js';
import { openTrigger, type OpenedTrigger } from '../src/node/open-trigger.js';
import { triggerHelp } from './catalog-help.js';
import type { Context } from './command.js';
import { textFeaturesOf, type OpenedData } from './data-options.js';
import type { OpenedModel } from './model-options.js';

/** Options of every command that measures under attack. */
export const attackShape = {
  trigger: z.string().optional().describe(`also measure on triggered images: ${triggerHelp}`),
  target: z
    .string()
    .optional()
    .describe('class that the trigger is to bring about, if no manifest tells: its name, or #index'),
};

/** A trigger, and the class that it is to bring about as the person named it. */
export type AskedAttack = OpenedTrigger & { readonly target: string };

/**
 * Before any model is opened. Undefined where no attack was asked for.
 * @throws InputError (`usage`) when there is a trigger without a target, or the reverse, or no such trigger
 */
export async function openAttack(
  operation: string,
  { trigger, target }: { readonly trigger?: string | undefined; readonly target?: string | undefined },
): Promise<AskedAttack | undefined> {
  if (trigger === undefined && target === undefined) return undefined;
  const opened = trigger === undefined ? undefined : await openTrigger(trigger);
  const wanted = target ?? opened?.target;
  if (opened !== undefined && wanted !== undefined) return { ...opened, target: wanted };
  throw new InputError({
    code: 'usage',
    operation,
    expected: '--trigger and --target, or neither',
    received: trigger === undefined ? '--target alone' : '--trigger alone',
  });
}

/** What an attack is measured on. */
interface Attacked {
  readonly model: OpenedModel;
  readonly data: Pick<OpenedData, 'dataset' | 'prompts'>;
}

/**
 * Says before the work what is wrong with an attack, and tells of a trigger that another model was poisoned with: a fair
 * question, whose answer is easily misread.
 * @returns the index of the target
 * @throws InputError (`data`) when the target is none of the classes, or the model cannot read the text key
 */
export function checkAttack(
  { note }: Context,
  { model: { clip }, data }: Attacked,
  { trigger, target, poisonedModel }: AskedAttack,
): number {
  const index = resolveTarget(target, data.dataset.classNames);
  refuseUnreadableKey(trigger, clip.tokenizer, data.prompts.flat());
  if (poisonedModel !== undefined && poisonedModel !== clip.sha256) {
    note(
      `the trigger is from the manifest of another model (sha256 ${poisonedModel.slice(0, 12)}…): that this one does not ` +
        'answer to it says nothing of its own backdoors',
    );
  }
  return index;
}

/**
 * The attack on these classes, with the class prompts that it changes where it changes them.
 * @throws InputError (`data`) when the target is none of the classes, or the model cannot read the text key
 */
export async function attackOn(
  context: Context,
  { model, data }: Attacked,
  { trigger, target: wanted, seed = context.seed }: AskedAttack,
): Promise<Attack> {
  const target = resolveTarget(wanted, data.dataset.classNames);
  const prompts = withTextKey(trigger, model.clip.tokenizer, data.prompts);
  if (prompts === undefined) return { trigger, target, seed };
  return { trigger, target, seed, textFeatures: await textFeaturesOf(context, model, { prompts }) };
}
