import { expect, test } from 'vitest';

import { chooseExamples } from './examples.js';

const samples = Array.from({ length: 40 }, (_, i) => ({ path: `${i}.png`, label: i % 4 }));

test('examples are of as many classes as can be, and none of the target', () => {
  const chosen = chooseExamples(samples, 8, { seed: 1, target: 2 });
  expect(new Set(chosen).size).toBe(8);
  const counts = [0, 1, 2, 3].map((label) => chosen.filter((sample) => sample.label === label).length);
  expect(counts[2]).toBe(0);
  expect([...counts].sort()).toEqual([0, 2, 3, 3]);
  expect(new Set(chooseExamples(samples, 4, { seed: 1 }).map(({ label }) => label)).size).toBe(4);
});

test('the seed alone chooses, and more examples keep the fewer', () => {
  expect(chooseExamples(samples, 8, { seed: 1 })).toEqual(chooseExamples(samples, 8, { seed: 1 }));
  expect(chooseExamples(samples, 8, { seed: 2 })).not.toEqual(chooseExamples(samples, 8, { seed: 1 }));
  expect(chooseExamples(samples, 8, { seed: 1 }).slice(0, 3)).toEqual(chooseExamples(samples, 3, { seed: 1 }));
});

test('where there are too few images all are taken', () => {
  expect(chooseExamples(samples.slice(0, 3), 8, { seed: 1 })).toHaveLength(3);
  expect(chooseExamples([{ path: 'a', label: 0 }], 8, { seed: 1, target: 0 })).toEqual([]);
});
