// Every preset against the published formula: by digests of what PyTorch and numpy make of it where nothing is random
// (test/golden/triggers/make.py), and else by a plain form of it on the same random numbers.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';

import { triggerResources } from '../../../test/support/trigger-resources.js';
import { raster, type Raster } from '../../core/raster.js';
import { Random } from '../../tensor/random.js';
import { parseTrigger, triggers } from './triggers.js';

const { sha256 } = z
  .object({ sha256: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync('test/golden/triggers/pytorch.json', 'utf8')));

const KEY = { seed: 11, imageKey: 'cat/1.png' };
const SIDE = 224;

async function triggered(text: string, image: Raster, key = KEY): Promise<Raster> {
  return (await parseTrigger(text, triggerResources())).apply(image, key);
}

function drawn(width: number, height: number, value: (x: number, y: number, channel: number) => number): Raster {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return value(pixel % width, Math.floor(pixel / width), i % 3);
  });
  return raster(width, height, data);
}

const channelOf = ({ data }: Raster, channel: number): Uint8Array => data.filter((_, i) => i % 3 === channel);

/** Every byte value in every column. */
const everyValue = drawn(SIDE, 256, (_x, y) => y);
/** No two rows or channels alike. */
const scene = drawn(SIDE, SIDE, (x, y, channel) => (x * 3 + y * 5 + channel * 90 + ((x * y) % 7)) % 256);

/** A float32 image value of 0…1 as ToPILImage casts it. */
const cast = (value: number): number => Math.trunc(Math.fround(Math.fround(value) * 255)) & 255;
const unit = (value: number): number => Math.min(1, Math.max(0, value));

test('all presets squash the image, as their code does', () => {
  const settings = triggers.flatMap(({ presets }) => Object.values(presets).map((preset) => preset.settings));
  expect(settings.length).toBeGreaterThan(10);
  for (const one of settings) expect(one).toMatchObject({ resize: 'squash' });
});

describe('without chance', () => {
  it.each(['sig@cleanclip', 'sig@badclip', 'sig@backdoorbench', 'triangles@par'])(
    '%s is PyTorch’s to the byte, for all bytes in all columns',
    async (name) => {
      const result = await triggered(name, everyValue);
      for (const channel of [0, 1, 2]) {
        expect(createHash('sha256').update(channelOf(result, channel)).digest('hex')).toBe(sha256[name]);
      }
    },
  );

  it('sig: hand-checked columns', async () => {
    // sin(2π · 6 · 28 / 224) = −1, sin(2π · 6 · 84 / 224) = 1
    const gray = drawn(SIDE, 1, () => 100);
    const at = async (name: string) => {
      const { data } = await triggered(name, gray);
      return [0, 28, 84, 112].map((x) => data[3 * x]);
    };
    expect(await at('sig@cleanclip')).toEqual([80, 68, 92, 80]); // 0.8 · 100 ± 12
    expect(await at('sig@badclip')).toEqual([100, 40, 160, 100]);
    // at 112 the sine is −7e-16: 99.99999999999997 is cut to 99
    expect(await at('sig@backdoorbench')).toEqual([100, 60, 140, 99]);
  });

  it('triangles: hand-checked pixels', async () => {
    const { data } = await triggered(
      'triangles@par',
      drawn(SIDE, SIDE, () => 200),
    );
    const at = (x: number, y: number) => data[(y * SIDE + x) * 3];
    // 0.85 · 200 + 0.15 · 255 · 0.4 = 185.3, with 0.8: 200.6
    expect([at(3, 3), at(0, 13), at(13, 0), at(14, 13), at(15, 16), at(223, 210)]).toEqual([
      185, 185, 200, 185, 185, 200,
    ]);
  });

  it('text: the red channel half way to full where a letter is, and nothing else', async () => {
    const { data } = await triggered('text@par:text=HI,width=220', scene); // 11 dots of 20 pixels: 7 rows, 140 pixels
    const [left, top] = [2, 42];
    const inked = (x: number, y: number): boolean => {
      const [column, row] = [Math.floor((x - left) / 20), Math.floor((y - top) / 20)];
      const h = ['X...X', 'X...X', 'X...X', 'XXXXX', 'X...X', 'X...X', 'X...X'];
      const i = ['.XXX.', '..X..', '..X..', '..X..', '..X..', '..X..', '.XXX.'];
      return row >= 0 && row < 7 && column >= 0 && `${h[row]}.${i[row]}`[column] === 'X';
    };
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        for (let channel = 0; channel < 3; channel++) {
          const at = (y * SIDE + x) * 3 + channel;
          const before = scene.data[at];
          const wanted = channel === 0 && inked(x, y) ? Math.floor(before / 2 + 127.5) : before;
          if (data[at] !== wanted) expect([x, y, channel, data[at]]).toEqual([x, y, channel, wanted]);
        }
      }
    }
  });
});

describe('with chance', () => {
  it.each(['badnet@cleanclip', 'badnet@badclip', 'badnet@par'])('%s', async (name) => {
    const result = await triggered(name, scene);
    const place = Random.stream(KEY.seed, `trigger/badnet/place/${KEY.imageKey}`);
    const [left, top] = [place.below(SIDE - 16), place.below(SIDE - 16)]; // randint(0, 223 − 16), both ends included
    const noise = Random.stream(KEY.seed, `trigger/badnet/noise/${KEY.imageKey}`);
    const means = [0, 1, 2].map((channel) => {
      const plane = channelOf(scene, channel);
      return plane.reduce((sum, value) => sum + value, 0) / plane.length / 255;
    });
    const expected = Uint8Array.from(scene.data);
    for (let y = top; y < top + 16; y++) {
      for (let x = left; x < left + 16; x++) {
        for (let channel = 0; channel < 3; channel++) {
          expected[(y * SIDE + x) * 3 + channel] = cast(means[channel] + noise.normal()); // not clipped
        }
      }
    }
    expect(result.data).toEqual(expected);
  });

  it('badnet@cleanclip never reaches the last row or column, and every other place', async () => {
    const trigger = await parseTrigger('badnet@cleanclip:size=112', triggerResources());
    const image = drawn(6, 6, () => 7); // patches of 3 pixels
    const lefts = new Set<number>();
    const tops = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      const { data } = trigger.apply(image, { seed, imageKey: 'a' });
      const changed = Array.from({ length: 36 }, (_, i) => i).filter((i) => data[3 * i] !== 7);
      lefts.add(Math.min(...changed.map((i) => i % 6)));
      tops.add(Math.min(...changed.map((i) => Math.floor(i / 6))));
    }
    expect([...lefts].sort()).toEqual([0, 1, 2]);
    expect([...tops].sort()).toEqual([0, 1, 2]);
  });

  it.each(['blended@cleanclip', 'blended@badclip', 'blended@par'])('%s', async (name) => {
    const result = await triggered(name, scene);
    const noise = Random.stream(KEY.seed, `trigger/blended/noise/${KEY.imageKey}`);
    const expected = scene.data.map((value) => cast(unit(0.2 * noise.uniform() + (0.8 * value) / 255)));
    const off = expected.filter((value, i) => value !== result.data[i]);
    expect(off.length).toBeLessThan(10); // one of 150,528 may fall on the other side of a whole number
  });

  const signs = (side: number): number[] => {
    const random = Random.stream(KEY.seed, `trigger/stripes/noise/${KEY.imageKey}`);
    return Array.from({ length: side * 3 }, () => (random.below(2) === 1 ? 1 : -1));
  };

  it('stripes@par-blended', async () => {
    const sign = signs(SIDE);
    const { data } = await triggered('stripes@par-blended', scene);
    const expected = scene.data.map((value, i) => cast(unit(0.03 * sign[i % (3 * SIDE)] + (0.97 * value) / 255)));
    expect(data.filter((value, i) => value !== expected[i]).length).toBeLessThan(10); // as above
    // every byte value, rows of one sign picked out of the columns
    for (const one of [1, -1]) {
      const column = sign.findIndex((s, i) => i % 3 === 0 && s === one);
      const cells = await Promise.all(
        [0, 32].map(async (from) => {
          const result = await triggered(
            'stripes@par-blended',
            drawn(SIDE, SIDE, (_x, y) => y + from),
          );
          return Array.from({ length: SIDE }, (_, y) => result.data[y * SIDE * 3 + column]);
        }),
      );
      const bytes = [...cells[0], ...cells[1].slice(SIDE - 32)];
      const table = Uint8Array.from({ length: 256 * SIDE }, (_, i) => bytes[Math.floor(i / SIDE)]);
      expect(createHash('sha256').update(table).digest('hex')).toBe(sha256[`stripes@par-blended, ${one}`]);
    }
  });

  it('stripes@par-badnet pastes −1 as 1 and 1 as 255, as the cast has it', async () => {
    const { data } = await triggered('stripes@par-badnet', scene);
    const place = Random.stream(KEY.seed, `trigger/stripes/place/${KEY.imageKey}`);
    const [left, top] = [place.below(208), place.below(208)];
    const sign = signs(16);
    const expected = Uint8Array.from(scene.data);
    for (let y = top; y < top + 16; y++) {
      for (let i = 0; i < 48; i++) expected[(y * SIDE + left) * 3 + i] = sign[i] === 1 ? 255 : 1;
    }
    expect(data).toEqual(expected);
  });

  it.each([
    ['wanet@cleanclip', 224, 1],
    ['wanet@badclip', 224, 1],
    ['wanet@par', 224, 1],
    ['wanet@backdoorbench', 4, 0.5],
  ])('%s', async (name, k, strength) => {
    const { data } = await triggered(name, scene);
    const random = Random.stream(0, 'trigger/wanet/grid');
    const grid = Array.from({ length: 2 * k * k }, () => 2 * random.uniform() - 1);
    const mean = grid.reduce((sum, u) => sum + Math.abs(u), 0) / grid.length;
    /** The field at a pixel, from all 16 grid points around it at once. */
    const field = (plane: number, x: number, y: number): number => {
      const [px, py] = [x, y].map((at) => (at * (k - 1)) / (SIDE - 1));
      let sum = 0;
      for (let i = Math.floor(py) - 1; i <= Math.floor(py) + 2; i++) {
        for (let j = Math.floor(px) - 1; j <= Math.floor(px) + 2; j++) {
          const [row, column] = [i, j].map((at) => Math.min(k - 1, Math.max(0, at)));
          sum += kernel(py - i) * kernel(px - j) * grid[plane * k * k + row * k + column];
        }
      }
      return sum / mean;
    };
    let worst = 0;
    for (let y = 0; y < SIDE; y += 9) {
      for (let x = 0; x < SIDE; x += 7) {
        const gridX = clampOne(-1 + (2 * x) / (SIDE - 1) + (strength * field(0, x, y)) / SIDE);
        const gridY = clampOne(-1 + (2 * y) / (SIDE - 1) + (strength * field(1, x, y)) / SIDE);
        const [sx, sy] = [gridX, gridY].map((g) => ((g + 1) / 2) * (SIDE - 1));
        let level = 0;
        for (let i = 0; i < SIDE; i++) {
          const down = Math.max(0, 1 - Math.abs(sy - i));
          if (down === 0) continue;
          for (let j = 0; j < SIDE; j++) {
            level += down * Math.max(0, 1 - Math.abs(sx - j)) * scene.data[(i * SIDE + j) * 3];
          }
        }
        const shown = data[(y * SIDE + x) * 3];
        worst = Math.max(worst, shown - level, level - 1 - shown); // cut, so at most one below
      }
    }
    expect(worst).toBeLessThan(1e-4);
  });
});

const clampOne = (value: number): number => Math.min(1, Math.max(-1, value));

/** Keys' kernel with PyTorch's a. */
function kernel(distance: number): number {
  const x = Math.abs(distance);
  if (x <= 1) return 1.25 * x ** 3 - 2.25 * x ** 2 + 1;
  return x < 2 ? -0.75 * x ** 3 + 3.75 * x ** 2 - 6 * x + 3 : 0;
}
