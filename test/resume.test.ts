import { spawn, spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { writeShapes } from '../scripts/make-shapes.mjs';
import { Random } from '../src/tensor/random.js';
import { temporaryFolder } from './support/temporary-folder.js';

const root = path.resolve(import.meta.dirname, '..');
const compiled = path.join(root, '.test-build');
const model = path.join(import.meta.dirname, 'golden/clip-tiny/hf');

let scope: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  scope = await temporaryFolder();
  await writeShapes(path.join(scope.path, 'train'), { perClass: 8, seed: 3 });
  // a process of its own runs JavaScript: compiled here, so that the test is of the sources as they are
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', compiled], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(status, stdout).toBe(0);
}, 120_000);
afterAll(async () => {
  await scope[Symbol.asyncDispose]();
  await rm(compiled, { recursive: true, force: true });
});

/** Starts the tuning; resolves when the process has ended, one way or the other. */
function tune(out: string, killAfter?: number): Promise<{ readonly killed: boolean; readonly stderr: string }> {
  const settings = [
    '--preset',
    'paper',
    '--depth',
    '1',
    '--tokens',
    '4',
    '--shots',
    '8',
    '--batch-size',
    '8',
    '--epochs',
    '36',
  ];
  const run = [
    '--model',
    model,
    '--data',
    path.join(scope.path, 'train'),
    '--out',
    out,
    '--resume',
    '--save-every',
    '0',
    '--no-report',
  ];
  const child = spawn(process.execPath, [path.join(compiled, 'cli', 'main.js'), 'defend', ...run, ...settings], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  if (killAfter !== undefined) void sleep(killAfter).then(() => child.kill('SIGKILL'));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      if (signal === null && code !== 0) throw new Error(stderr);
      resolve({ killed: signal === 'SIGKILL', stderr });
    });
  });
}

test('killed at 20 random moments, a run resumes to the same bits', { timeout: 400_000 }, async () => {
  const result = async (out: string): Promise<Buffer[]> =>
    Promise.all(['prompts.safetensors', 'history.jsonl', 'samples.json'].map((name) => readFile(path.join(out, name))));
  const whole = path.join(scope.path, 'whole');
  const started = performance.now();
  await tune(whole);
  const duration = performance.now() - started;
  const expected = await result(whole);

  const random = Random.stream(7, 'moments');
  let kills = 0;
  let resumed = 0;
  for (let round = 0; kills < 20; round++) {
    const out = path.join(scope.path, `killed-${round}`);
    // several kills a run: before the folder exists, in the features, between steps, in the middle of a save
    for (let attempt = 0; attempt < 5 && kills < 20; attempt++) {
      const { killed, stderr } = await tune(out, duration * (0.1 + 0.9 * random.uniform()));
      if (stderr.includes('going on after step')) resumed++;
      if (!killed) break;
      kills++;
    }
    await tune(out);
    expect(await result(out)).toEqual(expected);
  }
  // otherwise the moments all fell before the first save, and nothing was shown
  expect(resumed).toBeGreaterThan(5);
});
