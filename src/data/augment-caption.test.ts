import { expect, test } from 'vitest';

import { augmentCaption } from './augment-caption.js';

const caption = 'a small photo of the red banana on a blue background, fruit'; // 12 words
const words = caption.split(' ');

test('one word repeated, two swapped, or some dropped: a third each', () => {
  const counts = { longer: 0, swapped: 0, dropped: 0, same: 0 };
  for (let i = 0; i < 3000; i++) {
    const changed = augmentCaption(caption, 7, String(i)).split(' ');
    expect(changed.every((word) => words.includes(word))).toBe(true);
    if (changed.length > words.length) {
      expect(changed).toHaveLength(13); // a tenth of 12, rounded down
      counts.longer++;
    } else if (changed.length < words.length) counts.dropped++;
    else if (changed.join(' ') === caption) counts.same++;
    else {
      expect(changed.filter((word, at) => word !== words[at])).toHaveLength(2);
      counts.swapped++;
    }
  }
  expect(counts.longer / 3000).toBeCloseTo(1 / 3, 1);
  // swaps of the two 'a' change nothing: 1 in 66
  expect(counts.swapped / 3000).toBeCloseTo((1 / 3) * (65 / 66), 1);
  // each of 12 words stays with 0.9: nothing is dropped in 28 % of a third
  expect(counts.dropped / 3000).toBeCloseTo((1 - 0.9 ** 12) / 3, 1);
});

test('long captions change in a tenth of their words', () => {
  const long = Array.from({ length: 40 }, (_, i) => `w${i}`).join(' ');
  const lengths = Array.from({ length: 50 }, (_, i) => augmentCaption(long, 1, String(i)).split(' ').length);
  expect(Math.max(...lengths)).toBe(44);
});

test('short captions: a lone word stays, of two one is left at least', () => {
  for (let i = 0; i < 200; i++) {
    expect(augmentCaption('banana', 3, String(i))).toBe('banana');
    expect(['a dog', 'dog a', 'a', 'dog', 'a a dog', 'a dog a', 'a dog dog', 'dog a dog']).toContain(
      augmentCaption('a dog', 3, String(i)),
    );
  }
});

test('hangs on seed and key alone', () => {
  const draw = (seed: number, key: string): string => augmentCaption(caption, seed, key);
  expect(draw(1, 'x')).toBe(draw(1, 'x'));
  const others = [1, 2, 3, 4, 5].map((seed) => draw(seed, 'x'));
  expect(new Set(others).size).toBeGreaterThan(1);
  expect(new Set(['x', 'y', 'z', 'u'].map((key) => draw(1, key))).size).toBeGreaterThan(1);
});
