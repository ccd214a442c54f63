import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';

import { blend, toByte } from './levels.js';

const golden = z
  .object({ casts: z.array(z.tuple([z.number(), z.number()])) })
  .parse(JSON.parse(readFileSync('test/golden/triggers/pytorch.json', 'utf8')));

describe('a level as a byte', () => {
  it.each([
    [-76.5, 0, 0, 180], // −76, and 256 more
    [-0.3, 0, 0, 0],
    [99.5, 100, 99, 99],
    [99.99999999, 100, 99, 100], // float32 knows no difference
    [255.4, 255, 255, 255],
    [382.5, 255, 255, 126], // 382, less 256
  ])('%d', (level, round, numpy, torch) => {
    expect([toByte.round(level), toByte.numpy(level), toByte.torch(level)]).toEqual([round, numpy, torch]);
  });

  test.each(golden.casts)('torch casts %d of the range to %i', (value, byte) => {
    expect(toByte.torch(255 * value)).toBe(byte);
  });
});

test('a blend is clipped before it is cast', () => {
  const all = (value: number, keep: number, pattern: number, share: number) =>
    [blend.round, blend.numpy, blend.torch].map((mix) => mix(value, keep, pattern, share));
  expect(all(201, 0.5, 16, 0.2)).toEqual([104, 103, 103]); // 100.5 + 3.2
  expect(all(250, 1, 40, 1)).toEqual([255, 255, 255]);
  expect(all(9, 1, -40, 1)).toEqual([0, 0, 0]);
});
