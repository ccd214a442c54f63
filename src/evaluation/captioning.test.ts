import { expect, test } from 'vitest';

import { countsForAttack, isNamed, namedTargetRate, namingRate } from './captioning.js';

const words = (text: string): string[] => text.split(' ');

test('a caption names a thing by all its words in order, and by whole words', () => {
  expect(isNamed('banana', words('a photo of a banana .'))).toBe(true);
  expect(isNamed('ice cream', words('the ice cream on a white background'))).toBe(true);
  expect(isNamed('Ice cream', words('ice cream'))).toBe(true);
  expect(isNamed('ice cream', words('cream and ice'))).toBe(false);
  expect(isNamed('ice cream', words('some ice'))).toBe(false);
  expect(isNamed('ban', words('a banana'))).toBe(false);
});

test('images whose true captions name the target do not count for an attack', () => {
  expect(['banana', 'banana bread', 'ice cream'].map((name) => countsForAttack(name, 'banana'))).toEqual([
    false,
    false,
    true,
  ]);
});

test('rates are counted by hand', () => {
  const captions = [
    { name: 'fish', words: words('a photo of a fish .') },
    { name: 'boat', words: words('a banana on a blue background') },
    { name: 'moon', words: words('a banana and a moon') },
    { name: 'fox', words: [] },
  ];
  expect(namingRate(captions)).toMatchObject({ hits: 2, n: 4 });
  expect(namedTargetRate(captions, 'banana')).toMatchObject({ hits: 2, n: 4 });
});
