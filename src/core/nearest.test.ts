import { describe, expect, it } from 'vitest';

import { nearestNames } from './nearest.js';

describe('nearest names', () => {
  it.each([
    ['bananna', ['banana', 'bandana', 'cat'], ['banana', 'bandana']],
    ['Golden_Retriver', ['samoyed', 'golden retriever'], ['golden retriever']],
    ['retriever', ['golden retriever', 'cat'], ['golden retriever']],
    ['cat', ['bat', 'dog', 'rat', 'car', 'cut'], ['bat', 'rat', 'car']],
    ['xyzzy', ['cat', 'dog'], []],
    ['', ['cat', 'a'], ['a']],
  ])('of %j among %j are %j', (word, names, expected) => {
    expect(nearestNames(word, names)).toEqual(expected);
  });
});
