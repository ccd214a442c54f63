import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { runInProcess, type Outcome } from '../test/support/run-in-process.js';
import { writeColors, writeSmallClip } from '../test/support/small-clip.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { commands } from './commands.js';

let scope: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]): string => path.join(scope.path, ...names);

beforeAll(async () => {
  scope = await temporaryFolder();
  await writeSmallClip(at('zoo', 'badnet'), 1);
  const manifest = { trigger: { name: 'badnet', settings: { size: 56 } }, target: 'red' };
  await writeFile(at('zoo', 'badnet', 'manifest.json'), JSON.stringify(manifest));
  await writeColors(at('colors', 'train'), 4, 0);
  await writeColors(at('colors', 'val'), 2, 1);
  await writeColors(at('colors', 'test'), 5, 2);
});
afterAll(() => scope[Symbol.asyncDispose]());

async function writeGrid(name: string, defenses: string): Promise<string> {
  const text = [
    'format: rvpt-grid-1',
    `name: ${name}`,
    'summary: a small experiment',
    `zoos: [{ label: own, location: ${JSON.stringify(at('zoo'))} }]`,
    'attacks: [badnet]',
    `defenses: ${defenses}`,
    'seeds: [0, 1]',
    `data: ${JSON.stringify(at('colors'))}`,
    'shots: 2',
  ];
  await writeFile(at(`${name}.yaml`), text.join('\n'));
  return at(`${name}.yaml`);
}

const sweep = (grid: string, ...more: string[]): Promise<Outcome> =>
  runInProcess(['sweep', grid, '--out', at('out'), '--threads', '1', ...more], commands);

const tuned = (settings: string): string =>
  `{ method: rvpt, settings: { tokens: 2, epochs: 2, batchSize: 4, augmentation: none, ${settings} } }`;

test('a sweep tells a table of means, and one JSON document with every cell', async () => {
  const grid = await writeGrid('good', `[none, ${tuned('depth: 0')}]`);
  const listed = await sweep(grid, '--dry-run', '--json');
  expect(JSON.parse(listed.stdout)).toMatchObject({ finished: 0, cells: Array(4).fill({ state: 'absent' }) });

  const { code, stdout, stderr } = await sweep(grid, '--json');
  expect(code, stderr).toBe(0);
  const cell = { zoo: 'own', attack: 'badnet', varied: {}, without_target: false, failures: [] };
  expect(JSON.parse(stdout)).toMatchObject({
    grid: 'good',
    split: 'test',
    cells: [
      { ...cell, defense: 'none', seed: 0, cost: { steps: 0 } },
      { ...cell, defense: 'none', seed: 1 },
      { ...cell, defense: 'rvpt', seed: 0, cost: { steps: 4 }, measured: { classification: { clean: { n: 20 } } } },
      { ...cell, defense: 'rvpt', seed: 1 },
    ],
  });
  expect(stderr).toContain('sweep: 4 cells');

  const table = await sweep(grid);
  expect(table.code).toBe(0);
  expect(table.stdout).toMatch(/own +│ badnet +│ rvpt +│ classification +│ +2 │/);
  // no defense is one run for both seeds
  expect(table.stdout).toMatch(/own +│ badnet +│ none +│ classification +│ +1 │/);
  expect(table.stdout).toContain('4 cells, 0 failed');
  expect((await sweep(grid, '--dry-run')).stdout).toContain('4 of 4 cells are finished');
  const validated = await sweep(grid, '--split', 'validation', '--json');
  expect(JSON.parse(validated.stdout)).toMatchObject({
    split: 'validation',
    cells: Array(4).fill({ measured: { classification: { clean: { n: 8 } } } }),
  });
});

test('a failed cell makes the exit code 1 and is named; the others are told', async () => {
  const grid = await writeGrid('failing', `[none, ${tuned('depth: 7')}]`);
  const { code, stdout, stderr } = await sweep(grid);
  expect(code).toBe(1);
  expect(stderr).toContain('\nfailed: own, badnet, rvpt, seed 1: defense: plan the tuning: expected a depth');
  expect(stdout).toContain('4 cells, 2 failed');
  expect(stdout).toMatch(/badnet +│ none/);
});

test('Ctrl-C says how to go on: the same command line', async () => {
  const grid = await writeGrid('stopped', `[${tuned('depth: 0, promptStd: 0.03')}]`);
  const interrupts: { press?: () => void } = {};
  const argv = ['sweep', grid, '--out', at('stopped'), '--threads', '1'];
  const running = runInProcess(argv, commands, interrupts);
  interrupts.press?.();
  const { code, stderr } = await running;
  expect(code).toBe(130);
  expect(stderr).toContain(`Stopped. To go on: npx rvpt ${argv.join(' ')}\n`);
  expect((await runInProcess(argv, commands)).code).toBe(0);
});

test('a grid that cannot be read is bad input', async () => {
  const grid = await writeGrid('wrong', '[none]');
  await writeFile(grid, `${await readFile(grid, 'utf8')}\nseed: 1\n`);
  const { code, stderr } = await sweep(grid);
  expect(code).toBe(2);
  expect(stderr).toContain('seed: no such key, did you mean seeds?');
});
