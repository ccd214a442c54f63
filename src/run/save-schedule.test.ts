import { expect, test } from 'vitest';

import { SaveSchedule } from './save-schedule.js';

test('saves at the end of an epoch and when the interval is over, counted from the last save', () => {
  let now = 0;
  const schedule = new SaveSchedule(10, () => now);
  const due = (seconds: number, endOfEpoch = false): boolean => {
    now = seconds * 1000;
    return schedule.due(endOfEpoch);
  };
  expect(due(9)).toBe(false);
  expect(due(10)).toBe(true);
  expect(due(12)).toBe(false);
  expect(due(13, true)).toBe(true);
  expect(due(22)).toBe(false); // 9 s after the save at 13
  expect(due(23)).toBe(true);
});
