import { expect, test } from 'vitest';

import { comparison } from '../../test/support/report-data.js';
import { comparisonSchema, type Comparison } from './comparison.js';

const refuse = (change: (compared: Comparison) => object): string => {
  const parsed = comparisonSchema.safeParse({ ...comparison(), ...change(comparison()) });
  return parsed.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') ?? 'taken';
};

test('a comparison goes through JSON unchanged', () => {
  expect(comparisonSchema.parse(JSON.parse(JSON.stringify(comparison())))).toEqual(comparison());
});

test.each([
  ['another format', () => ({ format: 'rvpt-comparison-2' }), 'format'],
  [
    'a rate above 1',
    ({ after }: Comparison) => ({ after: { ...after, clean: { ...after.clean, ca: 1.2 } } }),
    'after.clean.ca',
  ],
  ['an attack without figures', ({ after: { clean } }: Comparison) => ({ after: { clean } }), 'under attack'],
  ['figures of no attack', () => ({ attack: undefined }), 'under attack'],
  [
    'an example that was not triggered',
    ({ examples }: Comparison) => ({ examples: examples.map(({ image, label, clean }) => ({ image, label, clean })) }),
    'under attack',
  ],
  [
    'a picture that is none',
    ({ examples: [{ clean, ...example }] }: Comparison) => ({
      examples: [{ ...example, clean: { ...clean, png: 'PHN2Zz48L3N2Zz4=' } }],
    }),
    'examples.0.clean.png: a PNG in base64',
  ],
  [
    'attention to no square of patches',
    ({ examples: [{ clean, ...example }] }: Comparison) => ({
      examples: [{ ...example, clean: { ...clean, before: { ...clean.before, attention: [0.1, 0.2, 0.3] } } }],
    }),
    'as many patches across as down',
  ],
  [
    'more blocks after than before',
    () => ({
      resistivity: { n: 1, perturbations: [{ name: 'a', settings: {}, before: [1, 0.5], after: [1, 0.5, 0.2] }] },
    }),
    'as many blocks before as after',
  ],
])('%s is refused', (_, change, message) => {
  expect(refuse(change)).toContain(message);
});
