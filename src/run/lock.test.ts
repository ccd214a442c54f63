import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { FolderLock } from './lock.js';

function lockOf(pid: number, changes: object = {}): string {
  return JSON.stringify({
    pid,
    host: os.hostname(),
    processStart: null,
    since: '2026-01-02T03:04:05.000Z',
    ...changes,
  });
}

/** The id of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('a second holder is refused by name until the first lets go', async () => {
  await using folder = await temporaryFolder();
  const first = await FolderLock.acquire(folder.path);
  await expect(FolderLock.acquire(folder.path)).rejects.toMatchObject({ name: 'InputError', code: 'locked' });
  await expect(FolderLock.acquire(folder.path)).rejects.toThrow(`process ${process.pid} has been writing since`);
  await first.release();
  expect(await readdir(folder.path)).toEqual([]);
  await (await FolderLock.acquire(folder.path)).release();
});

test('of many who try at once, one gets it', async () => {
  await using folder = await temporaryFolder();
  const tries = await Promise.allSettled(Array.from({ length: 8 }, () => FolderLock.acquire(folder.path)));
  expect(tries.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
});

test('of many who find a dead holder at once, one gets it', async () => {
  await using folder = await temporaryFolder();
  await writeFile(path.join(folder.path, '.lock.7'), lockOf(await deadPid()));
  const tries = await Promise.allSettled(Array.from({ length: 8 }, () => FolderLock.acquire(folder.path)));
  expect(tries.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  expect(await readdir(folder.path)).toEqual(['.lock.8']);
});

test('what killed processes left behind is cleared away, other files are not', async () => {
  await using folder = await temporaryFolder();
  await writeFile(path.join(folder.path, '.lock.1'), lockOf(await deadPid()));
  await writeFile(path.join(folder.path, '.config.json.99-0123456789ab.tmp'), '{"half":');
  await writeFile(path.join(folder.path, '.gitignore'), '');
  const lock = await FolderLock.acquire(folder.path);
  expect((await readdir(folder.path)).sort()).toEqual(['.gitignore', '.lock.2']);
  await lock.release();
});

test('a living process that only has the id of a dead holder does not hold the lock', async ({ skip }) => {
  if (process.platform !== 'linux') return skip('start times of processes are read from /proc');
  await using folder = await temporaryFolder();
  await writeFile(path.join(folder.path, '.lock.1'), lockOf(process.pid, { processStart: 'an earlier boot/123' }));
  const lock = await FolderLock.acquire(folder.path);
  await expect(FolderLock.acquire(folder.path)).rejects.toMatchObject({ code: 'locked' });
  await lock.release();
});

test('a killed process that nobody has waited for yet does not hold the lock', async ({ skip }) => {
  if (process.platform !== 'linux') return skip('zombies are seen in /proc');
  await using folder = await temporaryFolder();
  // the shell becomes `sleep`, which does not wait for the child it started
  const shell = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const zombie = Number(await new Promise((resolve) => shell.stdout.once('data', resolve)));
    await writeFile(path.join(folder.path, '.lock.1'), lockOf(zombie));
    await expect.poll(() => FolderLock.acquire(folder.path).then((lock) => lock.release())).toBeUndefined();
  } finally {
    shell.kill('SIGKILL');
  }
});

test('a holder on another host, or one that cannot be read, is believed and the file is named', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, '.lock.1');
  await writeFile(file, lockOf(1, { host: 'another' }));
  await expect(FolderLock.acquire(folder.path)).rejects.toThrow(`process 1 on another since 2026-01-02T03:04:05.000Z`);
  await expect(FolderLock.acquire(folder.path)).rejects.toThrow(`delete ${file}`);
  await writeFile(file, '{');
  await expect(FolderLock.acquire(folder.path)).rejects.toThrow(`delete ${file}`);
});
