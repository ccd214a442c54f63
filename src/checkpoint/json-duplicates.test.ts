import { expect, test } from 'vitest';

import { duplicateKey } from './json-duplicates.js';

test.each([
  ['{"a": 1, "b": {"a": 2}, "c": [{"a": 3}, {"a": 4}, "a", "a"]}', undefined],
  ['{"a": 1, "b": 2, "a": 3}', 'a'],
  ['{"a": {"x": 1, "x": 1}}', 'x'],
  ['[{"a": [1], "a": 2}]', 'a'],
  [String.raw`{"a": 1, "\u0061": 2}`, 'a'],
  [String.raw`{"\"": ":,{", "b": "\\", "\"": 0}`, '"'],
  ['{"": 0, "": 0}', ''],
  ['{"a": "b", "b": "a"}', undefined],
  ['[["a", "a"], {"k": ["k", "k"], "l": 1}]', undefined],
  ['"a"', undefined],
])('%s', (text, expected) => {
  JSON.parse(text);
  expect(duplicateKey(text)).toBe(expected);
});
