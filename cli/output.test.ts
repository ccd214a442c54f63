import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';

import { formatFor } from './output.js';

test('tables align numbers to the right, and are plain where there is no terminal', () => {
  const format = formatFor({ write: () => undefined });
  const text = format.table(
    ['attack', 'asr'],
    [
      ['badnet', 0.5],
      ['b', 12],
    ],
  );
  expect(stripVTControlCharacters(text)).toBe(text);
  expect(text.split('\n').filter((line) => line.includes('b'))).toEqual(['│ badnet │ 0.5 │', '│ b      │  12 │']);
  expect(format.colors.red('x')).toBe('x');
});
