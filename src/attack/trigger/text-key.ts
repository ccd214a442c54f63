import { InputError } from '../../core/errors.js';
import type { Tokenizer } from '../../model/tokenizer.js';
import type { Trigger } from './trigger.js';

/**
 * Groups of texts with the trigger's key, where it has one: undefined where it changes no text.
 * @throws InputError (`data`) when the model cannot read the key: a backdoor would then seem not to be there
 */
export function withTextKey(
  trigger: Pick<Trigger, 'name' | 'applyText'>,
  tokenizer: Tokenizer,
  groups: readonly (readonly string[])[],
): string[][] | undefined {
  if (trigger.applyText === undefined) return undefined;
  refuseUnreadableKey(trigger, tokenizer, groups.flat());
  return groups.map((group) => group.map((text) => trigger.applyText?.(text) ?? text));
}

/**
 * Makes sure that the model can read the trigger's text key: that it is not empty once it is tokens, leaves room for a
 * caption, does not end the text before the caption, and is not cut off with the end of a long one.
 * @param captions that the key is put to
 * @throws InputError (`data`) saying what is wrong with the key
 */
export function refuseUnreadableKey(
  { name, applyText }: Pick<Trigger, 'name' | 'applyText'>,
  tokenizer: Tokenizer,
  captions: readonly string[],
): void {
  if (applyText === undefined) return;
  const refuse = (expected: string, received: string): InputError =>
    new InputError({
      code: 'data',
      operation: `put the text key of ${name} before texts`,
      expected,
      received,
      fix: 'Choose another text key.',
    });
  const key = tokenizer.tokenIds(applyText(''));
  if (key.length === 0) throw refuse('a key that the tokenizer has tokens for', 'one that it reads as nothing');
  const room = tokenizer.contextLength - 2; // start and end token
  if (key.length >= room) {
    throw refuse(`a key of at most ${room - 1} tokens, so that captions fit`, `one of ${key.length}`);
  }
  // also what CLIP's tokenizers make of the unknown
  if (key.some((id) => id === tokenizer.endToken || id === tokenizer.startToken)) {
    throw refuse('a key of tokens that stand inside texts', 'one with a token that begins or ends them');
  }
  for (const caption of captions) {
    const [without, withKey] = [caption, applyText(caption)].map((text) => tokenizer.tokenIds(text).slice(0, room));
    if (without.join() !== withKey.join()) continue;
    const quoted = JSON.stringify(caption.slice(0, 60));
    throw refuse(`a key that changes what the model reads of ${quoted}`, 'one that makes no difference to it');
  }
}
