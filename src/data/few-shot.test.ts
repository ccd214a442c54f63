import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { chooseFewShot, fromSampleList, toSampleList } from './few-shot.js';
import type { Sample } from './sample.js';

interface Listed {
  classNames: string[];
  samples: Sample[];
}

function listed(counts: readonly number[]): Listed {
  return {
    classNames: counts.map((_, label) => `class ${label}`),
    samples: counts.flatMap((count, label) =>
      Array.from({ length: count }, (_, i) => ({ path: `${label}/${i}.jpg`, label })),
    ),
  };
}

const anyDataset = fc.array(fc.integer({ min: 10, max: 20 }), { minLength: 2, maxLength: 5 }).map(listed);
const anySeed = fc.integer({ min: 0, max: 2 ** 31 });

describe('chooseFewShot', () => {
  test('takes K of every class to tune on and min(K, 4) others to validate on', () => {
    fc.assert(
      fc.property(anyDataset, anySeed, fc.integer({ min: 1, max: 6 }), (dataset, seed, shots) => {
        const { train, validation } = chooseFewShot(dataset, { shots, seed, validation: true });
        for (const label of dataset.classNames.keys()) {
          expect(train.filter((sample) => sample.label === label)).toHaveLength(shots);
          expect(validation.filter((sample) => sample.label === label)).toHaveLength(Math.min(shots, 4));
        }
        const paths = [...train, ...validation].map(({ path }) => path);
        expect(new Set(paths).size).toBe(paths.length);
        for (const sample of [...train, ...validation]) expect(dataset.samples).toContainEqual(sample);
      }),
    );
  });

  test('does not depend on the order of the list, and a larger K keeps the smaller choice', () => {
    fc.assert(
      fc.property(anyDataset, anySeed, (dataset, seed) => {
        const choice = chooseFewShot(dataset, { shots: 3, seed });
        const reversed = { ...dataset, samples: [...dataset.samples].reverse() };
        expect(chooseFewShot(reversed, { shots: 3, seed })).toEqual(choice);
        const larger = chooseFewShot(dataset, { shots: 7, seed }).train;
        for (const sample of choice.train) expect(larger).toContainEqual(sample);
      }),
    );
  });

  test('every image is as likely as another', () => {
    const dataset = listed([10, 10]);
    const taken = new Map<string, number>();
    const seeds = 2000;
    for (let seed = 0; seed < seeds; seed++) {
      for (const { path } of chooseFewShot(dataset, { shots: 2, seed }).train) {
        taken.set(path, (taken.get(path) ?? 0) + 1);
      }
    }
    const deviation = Math.sqrt(seeds * 0.2 * 0.8);
    for (const { path } of dataset.samples) {
      expect(Math.abs((taken.get(path) ?? 0) - seeds * 0.2)).toBeLessThan(4 * deviation);
    }
  });

  test('classes with too few images are all named, or give what they have', () => {
    const dataset = listed([5, 2, 1]);
    expect(() => chooseFewShot(dataset, { shots: 3, seed: 0 })).toThrow(
      '3 images or more in every class, got fewer in 2 of 3 classes: class 1 (2), class 2 (1)',
    );
    expect(() => chooseFewShot(dataset, { shots: 3, seed: 0, validation: true })).toThrow('3 + 3 images');
    const { train } = chooseFewShot(dataset, { shots: 3, seed: 0, scarce: 'take-all' });
    expect(train.map(({ label }) => label)).toEqual([0, 0, 0, 1, 1, 2]);
    expect(() => chooseFewShot(dataset, { shots: 0, seed: 0 })).toThrow('one shot a class or more, got 0');
  });
});

describe('sample lists', () => {
  test('come back as they were saved', () => {
    fc.assert(
      fc.property(anyDataset, anySeed, fc.boolean(), (dataset, seed, validation) => {
        const choice = chooseFewShot(dataset, { shots: 4, seed, validation });
        const text = JSON.stringify(toSampleList(dataset.classNames, choice));
        expect(fromSampleList(JSON.parse(text), 'samples.json', dataset)).toEqual(choice);
      }),
    );
  });

  test('that do not fit the data set are refused with every reason', () => {
    const dataset = listed([2, 2]);
    const list = {
      classes: ['class 0', 'zebra'],
      samples: [
        { image: '0/0.jpg', label: 1 },
        { image: '9/9.jpg', label: 0 },
        { image: '1/1.jpg', label: 1 },
      ],
      validation: [{ image: '1/1.jpg', label: 1 }],
    };
    expect(() => fromSampleList(list, 'samples.json', dataset)).toThrow(
      /other classes \(class 0, zebra\).*does not have: 9\/9\.jpg.*other labels .* for 0\/0\.jpg.*more than once: 1\/1\.jpg/,
    );
    expect(() => fromSampleList({ classes: [], samples: [{ image: 'a', label: -1 }] }, 'x.json', dataset)).toThrow(
      /read x\.json.*samples\.0\.label/,
    );
  });
});
