import { describe, expect, test } from 'vitest';

import type { TextArchitecture } from './architecture.js';
import { endOfTextMask } from './end-of-text.js';
import { intTensor } from '../tensor/tensor.js';

const base = {
  width: 4,
  layers: 1,
  heads: 1,
  mlpWidth: 4,
  activation: 'gelu',
  normEpsilon: 1e-5,
  contextLength: 5,
  vocabularySize: 10,
} as const;
const argmax: TextArchitecture = { ...base, endOfText: { kind: 'argmax' } };
const byId: TextArchitecture = { ...base, endOfText: { kind: 'id', id: 7 } };

describe('the token that is read is', () => {
  test('the highest id, the first where there are several', () => {
    const { shape, data } = endOfTextMask(intTensor([2, 5], [8, 3, 9, 0, 0, 8, 9, 9, 9, 9]), argmax);
    expect(shape).toEqual([2, 1, 5]);
    expect([...data]).toEqual([0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
  });

  test('the first of a given id, also where higher ones stand', () => {
    const { data } = endOfTextMask(intTensor([2, 5], [8, 3, 7, 9, 7, 7, 7, 7, 7, 7]), byId);
    expect([...data]).toEqual([0, 0, 1, 0, 0, 1, 0, 0, 0, 0]);
  });

  test('missing: the text is named', () => {
    expect(() => endOfTextMask(intTensor([2, 2], [8, 7, 8, 9]), byId)).toThrow('text 1 has no end-of-text token 7');
  });
});
