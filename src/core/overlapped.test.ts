import { expect, test } from 'vitest';

import { overlapped } from './overlapped.js';

async function* count(log: string[], to: number): AsyncGenerator<number> {
  for (let i = 0; i < to; i++) {
    await Promise.resolve();
    log.push(`made ${i}`);
    yield i;
  }
}

test('the next item is made and started before a result is waited for, and two at most are under way', async () => {
  const log: string[] = [];
  const finish: (() => void)[] = [];
  const start = (item: number): Promise<number> => {
    log.push(`started ${item}`);
    return new Promise((resolve) => {
      finish.push(() => {
        resolve(item * 10);
      });
    });
  };
  const results = overlapped(count(log, 4), start);
  const first = results.next();
  await new Promise(setImmediate);
  expect(log).toEqual(['made 0', 'started 0', 'made 1', 'started 1']);
  // finished out of turn, and still given in order
  finish[1]();
  finish[0]();
  expect(await first).toEqual({ value: 0, done: false });
  expect(await results.next()).toEqual({ value: 10, done: false });
  finish[2]();
  const third = results.next();
  await new Promise(setImmediate);
  finish[3]();
  expect(await third).toEqual({ value: 20, done: false });
  expect(await results.next()).toEqual({ value: 30, done: false });
  expect(await results.next()).toEqual({ value: undefined, done: true });
});

test('a failure comes in its turn, and does not go unhandled when the consumer leaves before', async () => {
  const failing = (item: number): Promise<number> =>
    item === 1 ? Promise.reject(new Error('broken')) : Promise.resolve(item);
  const results = overlapped(count([], 3), failing);
  expect(await results.next()).toEqual({ value: 0, done: false });
  await expect(results.next()).rejects.toThrow('broken');
  for await (const result of overlapped(count([], 3), failing)) {
    expect(result).toBe(0);
    break;
  }
  await new Promise(setImmediate); // vitest fails on unhandled rejections
});

test('nothing comes of nothing', async () => {
  expect(await overlapped(count([], 0), () => Promise.resolve(1)).next()).toEqual({ value: undefined, done: true });
});
