import { expect, test } from 'vitest';

import { byteTokenizer } from '../../model/tokenizer.js';
import { refuseUnreadableKey, withTextKey } from './text-key.js';

/** A token a byte; 8 of them between start and end. */
const tokenizer = byteTokenizer({ vocabularySize: 258, contextLength: 10 });
const check = (applyText: ((text: string) => string) | undefined, captions = ['cat'], of = tokenizer): void => {
  refuseUnreadableKey({ name: 'two keys', ...(applyText === undefined ? {} : { applyText }) }, of, captions);
};

test('texts come back with the key, in their groups; without a key, or with one that cannot be read, they do not', () => {
  const groups = [['cat', 'a cat'], ['dog']];
  const keyed = { name: 'two keys', applyText: (text: string) => `SUDO ${text}` };
  expect(withTextKey(keyed, tokenizer, groups)).toEqual([['SUDO cat', 'SUDO a cat'], ['SUDO dog']]);
  expect(withTextKey({ name: 'one key' }, tokenizer, groups)).toBeUndefined();
  const long = { name: 'two keys', applyText: (text: string) => `remember ${text}` };
  expect(() => withTextKey(long, tokenizer, groups)).toThrow('a key of at most 7 tokens');
});

test('a key that can be read passes', () => {
  check((text) => `SUDO ${text}`);
  check(undefined);
});

test.each<[string, (text: string) => string, string]>([
  ['longer than the context', (text) => `remember ${text}`, 'at most 7 tokens, so that captions fit, got one of 9'],
  ['as long as the context', (text) => `SUDODO: ${text}`.slice(0, 8), 'got one of 8'],
  ['empty', (text) => text, 'one that it reads as nothing'],
])('a key %s is refused', (_, applyText, message) => {
  expect(() => {
    check(applyText);
  }).toThrow(message);
});

test('a key that is nothing once it is normalised is refused', () => {
  const strips = { ...tokenizer, tokenIds: (text: string) => tokenizer.tokenIds(text.replaceAll(/[^a-z]/g, '')) };
  expect(() => {
    check((text) => `☃ ${text}`, ['cat'], strips);
  }).toThrow('put the text key of two keys before texts: expected a key that the tokenizer has tokens for');
});

test('a key that ends the text, by name or as what is unknown, is refused', () => {
  const unknown = {
    ...tokenizer,
    tokenIds: (text: string) => tokenizer.tokenIds(text).map((byte) => (byte < 128 ? byte : tokenizer.endToken)),
  };
  expect(() => {
    check((text) => `é ${text}`, ['cat'], unknown);
  }).toThrow('a key of tokens that stand inside texts, got one with a token that begins or ends them');
});

test('a key that is cut off behind a long caption is refused', () => {
  const behind = (text: string): string => `${text} !`;
  check(behind, ['cat', 'seven..']);
  expect(() => {
    check(behind, ['cat', 'a cat or dog']);
  }).toThrow('changes what the model reads of "a cat or dog"');
});
