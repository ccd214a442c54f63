// @ts-check
// The quick start: draws images, then runs the commands a person would run, on the small checkpoint of the tests.
// Its weights are random, so accuracy says nothing; what it shows is the work itself, and FR falling.
import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';

import { writeShapes } from './make-shapes.mjs';

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, 'runs', 'quickstart');
const model = path.join('test', 'golden', 'clip-tiny', 'hf');
const [train, test, run] = ['train', 'test', 'run'].map((name) => path.join('runs', 'quickstart', name));

await rm(folder, { recursive: true, force: true });
await writeShapes(path.join(root, train), { perClass: 16, seed: 1 });
await writeShapes(path.join(root, test), { perClass: 25, seed: 2 });

const commands = [
  ['inspect', model],
  ['evaluate', '--model', model, '--data', test],
  [
    ...['defend', '--model', model, '--data', train, '--out', run],
    ...['--depth', '1', '--tokens', '8', '--learning-rate', '0.05', '--epochs', '40'],
  ],
  ['evaluate', '--model', model, '--data', test, '--prompts', run, '--trigger', 'badnet', '--target', 'circle'],
  ['resistivity', '--model', model, '--data', test, '--prompts', run, '--trigger', 'badnet'],
];
for (const command of commands) {
  process.stdout.write(`\n$ npx rvpt ${command.join(' ')}\n`);
  const { status } = spawnSync(process.execPath, [path.join(root, 'dist', 'cli', 'main.js'), ...command], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
