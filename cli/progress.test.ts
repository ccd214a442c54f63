import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';

import { consoleFor, formatDuration } from './progress.js';

function stage(isTTY: boolean): { stream: PassThrough & { isTTY: boolean }; text: () => string } {
  const stream = Object.assign(new PassThrough().setEncoding('utf8'), { isTTY });
  return {
    stream,
    text: () => {
      const read: unknown = stream.read();
      return typeof read === 'string' ? read : '';
    },
  };
}

test('without a terminal: a line every ten seconds with rate and time left', () => {
  const { stream, text } = stage(false);
  let now = 0;
  const task = consoleFor(stream, () => now).begin('tuning', 100, 'steps', 20);
  const at = (seconds: number, done: number, note?: string): void => {
    now = seconds * 1000;
    task.update(done, note);
  };
  at(5, 30);
  at(10, 40, 'loss 1.25'); // 20 steps in 10 s
  at(19, 58);
  at(20, 60);
  at(40, 100);
  task.end();
  task.end();
  expect(text()).toBe(
    [
      'tuning: from 20 of 100 steps',
      'tuning: 40 of 100 steps, 2.00 steps/s, 30 s left, loss 1.25',
      'tuning: 60 of 100 steps, 2.00 steps/s, 20 s left',
      'tuning: 100 of 100 steps, 2.00 steps/s',
      'tuning: 100 of 100 steps in 40 s',
      '',
    ].join('\n'),
  );
});

test('on a terminal: a bar that is drawn again, and notes on lines of their own', () => {
  const { stream, text } = stage(true);
  let now = 0;
  const screen = consoleFor(stream, () => now);
  const task = screen.begin('tuning', 4, 'steps');
  now = 1000;
  task.update(2, 'loss 1.25');
  screen.note('one image was skipped');
  task.end();
  const drawn = text();
  expect(drawn).toContain('\r\u001b[Kone image was skipped\n');
  expect(drawn).toContain('2/4 steps  2.00 steps/s, 1 s left  loss 1.25');
});

test.each([
  [0, '0 s'],
  [59.4, '59 s'],
  [59.6, '1 min 00 s'],
  [127, '2 min 07 s'],
  [3599.6, '1 h 00 min'],
  [3900, '1 h 05 min'],
  [360000, '100 h 00 min'],
])('%d seconds read %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
