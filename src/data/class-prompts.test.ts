import { expect, test } from 'vitest';

import { classPrompts, resolveTemplates } from './class-prompts.js';

test('the default template', () => {
  expect(classPrompts(['cat', 'grand piano'], resolveTemplates())).toEqual([
    ['a photo of a cat.'],
    ['a photo of a grand piano.'],
  ]);
});

test('an ensemble mixes names and templates, in order', () => {
  const templates = resolveTemplates(['pets', '###### {class}']);
  expect(classPrompts(['cat'], templates)).toEqual([['a photo of a cat, a type of pet.', '###### cat']]);
  expect(resolveTemplates(['ensemble'])).toHaveLength(7);
});

test('class names go in as they are, every place is filled', () => {
  expect(classPrompts(["$& {class} $'"], ['{class}, {class}'])).toEqual([["$& {class} $', $& {class} $'"]]);
});

test('templates without a place for the class are refused, all at once', () => {
  expect(() => resolveTemplates(['a photo of a {}.', 'pets', 'cars'])).toThrow(
    /\{class\}.*"a photo of a \{\}\.", "cars"/,
  );
  expect(() => resolveTemplates([])).toThrow('got none');
});
