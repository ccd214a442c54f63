import { expect, test } from 'vitest';

import { captionWords, CaptionVocabulary } from './vocabulary.js';

test('words are small letters, punctuation stands alone', () => {
  expect(captionWords('A photo of the Ice cream, sweet.')).toEqual('a photo of the ice cream , sweet .'.split(' '));
});

test('numbers and words, there and back', () => {
  const vocabulary = new CaptionVocabulary(['a red fox', 'a fox.']);
  expect(vocabulary.words).toEqual(['.', 'a', 'fox', 'red']);
  expect(vocabulary.size).toBe(5);
  expect(vocabulary.encode('A fox.')).toEqual([2, 3, 1]);
  expect(vocabulary.decode([2, 4, 3])).toEqual(['a', 'red', 'fox']);
  expect(vocabulary.decode([2, 3, 0, 4, 0])).toEqual(['a', 'fox']);
  expect(() => vocabulary.encode('a blue fox and a blue ox')).toThrow('got blue, and, ox');
});
