import { describe, expect, it } from 'vitest';

import { resolveTarget } from './target.js';

/** Eleven classes, of which the third is called like the index of the last. */
const numbered = ['0', '1', '10', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
const classes = ['accordion', 'banana', 'golden retriever', 'Golden-Retriever mix'];

describe('the target class', () => {
  it.each([
    ['banana', 1],
    ['Banana ', 1],
    ['golden_retriever', 2],
    ['Golden-Retriever', 2],
    ['golden retriever mix', 3],
    ['0', 0],
    ['#3', 3],
  ])('%j is class %i', (target, index) => {
    expect(resolveTarget(target, classes)).toBe(index);
  });

  it('goes by exact name before a looser one', () => {
    expect(resolveTarget('Cat', ['cat', 'Cat'])).toBe(1);
  });

  it('takes names that are numbers', () => {
    expect(resolveTarget('3', ['0', '1', '2', '3'])).toBe(3);
    expect(resolveTarget('7', ['5', '6', '7'])).toBe(2); // no class has the index 7
    expect(resolveTarget('#10', numbered)).toBe(10);
  });

  it.each([
    ['bananna', classes, /one of the 4 classes.*Did you mean "banana"\?/],
    ['retriever', classes, /Did you mean "golden retriever" or "Golden-Retriever mix"\?/],
    ['xyz', classes, /There are "accordion", "banana"/],
    ['', classes, /none of them/],
    ['4', classes, /an index of 0…3, got 4/],
    ['-1', classes, /none of them/],
    ['#9', classes, /an index of 0…3, got 9/],
    ['CAT', ['cat', 'Cat', 'dog'], /got 2: #0 "cat", #1 "Cat".*#index/],
    ['cat', ['cat', 'dog', 'cat'], /got 2: #0 "cat", #2 "cat"/],
    ['10', numbered, /one class, got 2: #2 "10", #10 "j"/],
  ])('%j among %j is refused', (target, names, message) => {
    expect(() => resolveTarget(target, names)).toThrow(message);
    expect(() => resolveTarget(target, names)).toThrow(expect.objectContaining({ code: 'data' }));
  });
});
