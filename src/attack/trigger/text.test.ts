import { expect, test } from 'vitest';

import { raster } from '../../core/raster.js';
import { coverage, lineColumns } from './letters.js';
import { text } from './text.js';

test('letters can be read', () => {
  const line = 'R2 D2';
  const rows = Array.from({ length: 7 }, (_, y) =>
    Array.from({ length: lineColumns(line) }, (__, x) => (coverage(line, x, y, 1) === 1 ? '#' : '.')).join(''),
  );
  expect(rows).toEqual([
    '####...###........####...###.',
    '#...#.#...#.......#...#.#...#',
    '#...#.....#.......#...#.....#',
    '####.....#........#...#....#.',
    '#.#.....#.........#...#...#..',
    '#..#...#..........#...#..#...',
    '#...#.#####.......####..#####',
  ]);
});

test('a pixel that covers several dots, or part of one, has their share', () => {
  // T: a bar of five dots on a stem below its third
  expect(coverage('T', 0, 0, 2)).toBe(0.5); // two dots of the bar, two of nothing
  expect(coverage('T', 1, 0, 2)).toBe(0.75); // and one of the stem
  expect(coverage('T', 2.25, 3.25, 0.5)).toBe(1);
  expect(coverage('T', 1.5, 3, 1)).toBe(0.5);
  expect(coverage('T', -4, -4, 2)).toBe(0);
  expect(coverage('T', -1, -1, 2)).toBe(0.25);
});

test('capitals or not, the line is as long as it is told, in the middle', () => {
  const black = raster(112, 112, new Uint8Array(112 * 112 * 3));
  const apply = (settings: object) => text.create(settings).apply(black, { seed: 0, imageKey: 'a' }).data;
  const red = apply({ text: 'xx', width: 88, alpha: 1 }); // 44 pixels: 11 dots of 4, 28 pixels high
  expect(apply({ text: 'XX', width: 88, alpha: 1 })).toEqual(red);
  const lit = Array.from({ length: 112 * 112 }, (_, i) => i).filter((i) => red[3 * i] > 0);
  const xs = lit.map((i) => i % 112);
  const ys = lit.map((i) => Math.floor(i / 112));
  expect([Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]).toEqual([34, 77, 42, 69]);
  expect(red.filter((value, i) => i % 3 !== 0 && value !== 0)).toHaveLength(0);
  expect(new Set(lit.map((i) => red[3 * i]))).toEqual(new Set([255]));
});
