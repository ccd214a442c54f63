import { InputError } from '../core/errors.js';
import type { EmojiAtlas, StyleRole } from './atlas.js';

/** How a person names styles, beside their own names. */
export const styleGroups = ['seen', 'unseen', 'mono', 'all'] as const;
export type StyleGroup = (typeof styleGroups)[number];

const rolesOf: Readonly<Record<StyleGroup, readonly StyleRole[]>> = {
  seen: ['seen'],
  unseen: ['unseen'],
  mono: ['monochrome'],
  all: ['seen', 'unseen', 'monochrome'],
};

/** Names of the atlas's styles that belong to a group, in its order. @throws InputError (`data`) when there are none */
export function stylesIn(atlas: EmojiAtlas, group: StyleGroup): string[] {
  const found = atlas.styles.filter(({ role }) => rolesOf[group].includes(role)).map(({ name }) => name);
  if (found.length > 0) return found;
  throw new InputError({
    code: 'data',
    operation: 'choose styles of the emoji atlas',
    expected: `one whose role is ${rolesOf[group].join(' or ')}`,
    received: atlas.styles.map(({ name, role }) => `${name} (${role})`).join(', '),
  });
}

/**
 * The styles to train on: those given, or all that may be.
 * @throws InputError (`usage`) when one of them is held out, for a model that has seen it measures nothing on it
 */
export function trainingStyles(atlas: EmojiAtlas, given?: readonly string[]): readonly string[] {
  const seen = stylesIn(atlas, 'seen');
  if (given === undefined) return seen;
  const heldOut = given.filter((name) => atlas.style(name).role !== 'seen');
  if (given.length > 0 && heldOut.length === 0) return given;
  throw new InputError({
    code: 'usage',
    operation: 'choose styles to train on',
    expected: `some of ${seen.join(', ')}`,
    received: given.length === 0 ? 'none' : `${heldOut.join(', ')}, which no model of this world is trained on`,
  });
}
