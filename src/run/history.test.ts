import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { mountTinyDisk } from '../../test/support/tiny-disk.js';
import { History, readHistory } from './history.js';
import { historyEntrySchema, type HistoryEntry } from './schema.js';

function entry(step: number): HistoryEntry {
  return { step, epoch: 0, loss: 1 / 3 / step, ce: 0.1 + 0.2, fr: -step / 7, learning_rate: 0.002 };
}

async function filled(file: string, steps: number): Promise<void> {
  await using history = new History(file, historyEntrySchema);
  for (let step = 1; step <= steps; step++) await history.append(entry(step));
}

test('what is appended is read back to the last bit', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'history.jsonl');
  expect(await readHistory(file, historyEntrySchema)).toEqual([]);
  await filled(file, 3);
  expect(await readHistory(file, historyEntrySchema)).toEqual([entry(1), entry(2), entry(3)]);
  await filled(file, 1); // appends
  expect(await readHistory(file, historyEntrySchema)).toHaveLength(4);
});

test('sync puts every line on the disk while the file stays open', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'history.jsonl');
  await using history = new History(file, historyEntrySchema);
  await history.append(entry(1));
  await history.sync();
  expect(await readHistory(file, historyEntrySchema)).toEqual([entry(1)]);
});

test('truncating drops later steps and a torn line, and appending goes on behind', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'history.jsonl');
  await filled(file, 5);
  await writeFile(file, '{"step":6,"epo', { flag: 'a' });
  expect(await readHistory(file, historyEntrySchema)).toHaveLength(5);
  await using history = new History(file, historyEntrySchema);
  await history.truncateTo(3);
  await history.append(entry(4));
  await history.close();
  const expected = [1, 2, 3, 4].map((step) => `${JSON.stringify(entry(step))}\n`).join('');
  expect(await readFile(file, 'utf8')).toBe(expected);
});

test('truncating to the beginning works without a file', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'history.jsonl');
  await using history = new History(file, historyEntrySchema);
  await history.truncateTo(0);
  expect(await readHistory(file, historyEntrySchema)).toEqual([]);
});

test('a history that ends before the saved state is refused', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'history.jsonl');
  await filled(file, 2);
  await using history = new History(file, historyEntrySchema);
  await expect(history.truncateTo(3)).rejects.toMatchObject({ name: 'InputError', code: 'malformed' });
});

test('a line that is no entry is named', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'history.jsonl');
  await filled(file, 1);
  await writeFile(file, '{"step":2}\n', { flag: 'a' });
  await expect(readHistory(file, historyEntrySchema)).rejects.toThrow('line 2');
});

test('a loss that is not a number is refused', async () => {
  await using folder = await temporaryFolder();
  await using history = new History(path.join(folder.path, 'history.jsonl'), historyEntrySchema);
  await expect(history.append({ ...entry(8), loss: NaN })).rejects.toThrow('history: loss is NaN at step 8');
});

test('a disk that fills up while appending: says so, and what was whole is still read', async ({ skip }) => {
  const mounted = mountTinyDisk(16);
  if (typeof mounted === 'string') return skip(mounted);
  using disk = mounted;
  const file = path.join(disk.path, 'history.jsonl');
  await expect(filled(file, 1000)).rejects.toMatchObject({ name: 'InputError', code: 'storage' });
  const kept = await readHistory(file, historyEntrySchema);
  expect(kept.length).toBeGreaterThan(10);
  expect(kept).toEqual(kept.map((_, index) => entry(index + 1)));
});
