import { describe, expect, test } from 'vitest';

import { Random } from './random.js';

const mask = 0xffffffffn;

/** xoshiro128** as its authors' C code reads, in whole numbers that do not overflow. */
function* xoshiro(state: readonly bigint[]): Generator<number> {
  let [a, b, c, d] = state;
  const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (32n - by))) & mask;
  for (;;) {
    yield Number((rotate((b * 5n) & mask, 7n) * 9n) & mask);
    const shifted = (b << 9n) & mask;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11n);
  }
}

/** SplitMix32's output function. */
function scramble(word: bigint): bigint {
  let z = word & mask;
  z = ((z ^ (z >> 16n)) * 0x21f0aaadn) & mask;
  z = ((z ^ (z >> 15n)) * 0x735a2d97n) & mask;
  return z ^ (z >> 15n);
}

/** The state of a stream: the seed scrambled, the name mixed in as FNV-1a does, spread over four words by SplitMix32. */
function stateOf(seed: bigint, name: string): bigint[] {
  let mixed = scramble(scramble(seed >> 32n) ^ (seed & mask));
  for (const character of name) mixed = ((mixed ^ BigInt(character.charCodeAt(0))) * 0x01000193n) & mask;
  return [1n, 2n, 3n, 4n].map((i) => scramble(mixed + i * 0x9e3779b9n));
}

const draws = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.uint32());

describe('a stream', () => {
  test.each([
    [0, ''],
    [1, 'prompts'],
    [2 ** 31, 'shuffle/3'],
    [2 ** 40 + 5, 'weights/vision.projection'],
    [-3, 'negative'],
  ])('is xoshiro128** from the state that seed %d and name "%s" give', (seed, name) => {
    const expected = xoshiro(stateOf(BigInt(seed), name));
    for (const draw of draws(Random.stream(seed, name), 1000)) expect(draw).toBe(expected.next().value);
  });

  // saved runs resume by drawing again: these numbers must never change
  test('begins the same in every version', () => {
    expect(draws(Random.stream(0, 'prompts'), 4)).toEqual([1154099193, 728439492, 2075962065, 4255815703]);
  });

  test('does not notice what others draw', () => {
    const alone = draws(Random.stream(5, 'a'), 10);
    const [a, b] = [Random.stream(5, 'a'), Random.stream(5, 'b')];
    const besides = Array.from({ length: 10 }, () => {
      b.uint32();
      return a.uint32();
    });
    expect(besides).toEqual(alone);
  });

  test('differs from those of other seeds and other names, however alike these are', () => {
    const firsts = new Set<number>();
    for (const seed of [-1, 0, 1, 2, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1]) {
      for (const name of ['', 'a', 'b', 'ab', 'ba', 'a/1', 'a/2']) firsts.add(Random.stream(seed, name).uint32());
    }
    expect(firsts.size).toBe(7 * 7);
  });

  test('is not correlated with its neighbour', () => {
    const count = 10_000;
    const [a, b] = [Random.stream(0, 'image/1'), Random.stream(0, 'image/2')];
    let sum = 0;
    for (let i = 0; i < count; i++) sum += (a.uniform() - 0.5) * (b.uniform() - 0.5);
    // a correlation r of n independent pairs has deviation 1/√n; 12 makes the variance of a uniform number 1
    expect(Math.abs((12 * sum) / count)).toBeLessThan(4 / Math.sqrt(count));
  });
});

describe('numbers', () => {
  test('uniform ones lie in [0, 1) and fill 53 bits', () => {
    const random = Random.stream(3, 'uniform');
    let finest = 0;
    for (let i = 0; i < 10_000; i++) {
      const draw = random.uniform();
      expect(draw >= 0 && draw < 1).toBe(true);
      expect(Number.isInteger(draw * 2 ** 53)).toBe(true);
      if (!Number.isInteger(draw * 2 ** 52)) finest++;
    }
    expect(Math.abs(finest / 10_000 - 0.5)).toBeLessThan(0.02);
  });

  test('below() is without modulo bias', () => {
    // plain modulo would give a third of all numbers twice as often: half of the draws instead of a third
    const random = Random.stream(4, 'below');
    const count = 20_000;
    let low = 0;
    for (let i = 0; i < count; i++) if (random.below(3 * 2 ** 30) < 2 ** 30) low++;
    expect(Math.abs(low / count - 1 / 3)).toBeLessThan(0.015);
  });

  test('below() reaches all of a small range and nothing else', () => {
    const random = Random.stream(4, 'small');
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 14_000; i++) counts[random.below(7)]++;
    expect(counts).toHaveLength(7);
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200); // 2000 ± 4.8 deviations
    expect(random.below(1)).toBe(0);
    expect(random.below(2 ** 32)).toBeGreaterThanOrEqual(0);
  });

  test('normal ones have the moments of the normal distribution', () => {
    const random = Random.stream(5, 'normal');
    const count = 40_000;
    const moments = [0, 0, 0, 0];
    for (let i = 0; i < count; i++) {
      const draw = random.normal();
      for (let k = 0; k < 4; k++) moments[k] += draw ** (k + 1) / count;
    }
    // deviations of the sample moments: √(1, 2, 15, 96) / √n = 0.005, 0.007, 0.019, 0.049
    [0, 1, 0, 3].forEach((expected, k) => {
      expect(Math.abs(moments[k] - expected), `moment ${k + 1}`).toBeLessThan([0.02, 0.03, 0.08, 0.2][k]);
    });
  });

  test('shuffled() gives every order equally often and leaves the list alone', () => {
    const random = Random.stream(6, 'shuffled');
    const items = ['a', 'b', 'c'];
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = random.shuffled(items).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(140);
    expect(items).toEqual(['a', 'b', 'c']);
  });
});
