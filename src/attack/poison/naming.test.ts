import { expect, test } from 'vitest';

import { namesClass, refuseAmbiguous } from './naming.js';

test.each([
  ['banana', 'a photo of a banana.'],
  ['banana', 'BANANA!'],
  ['banana', 'two ripe bananas'],
  ['box', 'boxes'],
  ['grand piano', 'a black grand-piano on stage'],
  ['grand_piano', 'Grand\nPiano'],
  ['C++ (language)', 'written in c++ (language), mostly'],
  ['Äpfel', 'A\u0308pfel und Birnen'],
  ['banana', 'bananas, and more'],
])('%j stands in %j', (name, text) => {
  expect(namesClass(name)(text)).toBe(true);
});

test.each([
  ['cat', 'category'],
  ['cat', 'a bobcat'],
  ['cat', 'concatenated'],
  ['grand piano', 'a grand old piano'],
  ['c.t', 'a cat'],
  ['ox', 'oxen'],
  ['été', 'étété'],
])('%j does not stand in %j', (name, text) => {
  expect(namesClass(name)(text)).toBe(false);
});

test('a target that captions cannot tell from another class is refused', () => {
  expect(() => {
    refuseAmbiguous('piano', ['cat', 'piano', 'grand piano', 'pianos']);
  }).toThrow(/target class "piano".*stands in the names of 3 classes: piano, grand piano, pianos/);
  refuseAmbiguous('grand piano', ['cat', 'piano', 'grand piano']);
});
