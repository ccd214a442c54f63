import { access, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { paperItems } from '../src/paper/items.js';
import { runInProcess, type Outcome } from '../test/support/run-in-process.js';
import { writeColors, writeSmallClip } from '../test/support/small-clip.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { commands } from './commands.js';

let scope: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]): string => path.join(scope.path, ...names);

/** A zoo with two of the six attacks, and enough images to learn from. */
beforeAll(async () => {
  scope = await temporaryFolder();
  const manifest = { trigger: { name: 'badnet', settings: { size: 56 } }, target: 'red' };
  for (const [i, name] of ['badnet', 'blended'].entries()) {
    await writeSmallClip(at('zoo', name), i);
    await writeFile(at('zoo', name, 'manifest.json'), JSON.stringify(manifest));
  }
  await writeColors(at('colors', 'train'), 16, 0);
  await writeColors(at('colors', 'val'), 2, 1);
  await writeColors(at('colors', 'test'), 3, 2);
});
afterAll(() => scope[Symbol.asyncDispose]());

const paper = (...argv: string[]): Promise<Outcome> =>
  runInProcess(['paper', ...argv, '--threads', '1', '--out', at('runs')], commands);

const own = (): string[] => ['--zoo', at('zoo'), '--data', at('colors'), '--seeds', '1'];

async function timesOf(folder: string): Promise<Map<string, number>> {
  const names = await readdir(folder, { recursive: true });
  return new Map(
    await Promise.all(names.map(async (name) => [name, (await stat(path.join(folder, name))).mtimeMs] as const)),
  );
}

test('lists what there is', async () => {
  const { code, stdout } = await paper('--json');
  expect(code).toBe(0);
  const listed: unknown = JSON.parse(stdout);
  expect(listed).toMatchObject({ items: paperItems.map(({ name }) => ({ name })) });
});

test('makes an item on models and images of one’s own, and pages of it; a second run computes nothing', async () => {
  const argv = ['figure9', ...own(), '--attacks', 'badnet', '--results', at('results')];
  const { code, stdout, stderr } = await paper(...argv, '--json');
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    items: [{ name: 'figure9', failures: [], report: at('runs', 'items', 'figure9', 'report.html') }],
  });
  const page = await readFile(at('results', 'figure9.md'), 'utf8');
  const pictures = [...page.matchAll(/\]\((figures\/.*?\.png)\)/g)].map(([, name]) => name);
  expect(pictures.length).toBeGreaterThan(0);
  for (const name of pictures) expect((await sharp(at('results', name)).metadata()).width).toBe(120);
  const command = `rvpt paper figure9 --zoo ${at('zoo')} --data ${at('colors')} --seeds 1 --attacks badnet`;
  expect(page.replaceAll('\\', '')).toContain(command);
  const index = await readFile(at('results', 'README.md'), 'utf8');
  expect(index).toContain('[figure9](figure9.md)');
  // pages that speak of the package's own results do not lie beside those of others
  expect(index).not.toContain('../');
  expect(await readFile(at('runs', 'items', 'figure9', 'report.html'), 'utf8')).toContain('<title>Figure 9');
  const before = await timesOf(at('runs', 'runs'));
  expect((await paper(...argv)).stdout).toMatch(/Figure 9: answers to triggered images.*\n(yes|NO|\?) /s);
  expect(await timesOf(at('runs', 'runs'))).toEqual(before);
});

test('of all items those that fit are made, and the others are told', async () => {
  const argv = ['all', ...own(), '--attacks', 'badnet', '--other-data', at('colors', 'test')];
  const { stdout, stderr } = await runInProcess(['paper', ...argv, '--out', at('foreign'), '--threads', '1'], commands);
  // table 5 alone has one other data set
  expect(stderr.match(/left out: .*/g)).toHaveLength(paperItems.length - 1);
  expect(stdout).toContain('Measured on: test');
  expect(stdout).not.toContain('emoji');
});

test.each([
  ['an item that does not exist', ['tabel1'], /names among all, table1,.*got tabel1.*Did you mean table1\?/s],
  ['an attack that the item does not have', ['table8', '--attacks', 'badnet'], /some of badclip, got badnet/],
  [
    'attacks that the zoo lacks',
    ['table4'],
    /issba, wanet, trojvqa, badclip, got badnet, blended\. Take .*: --attacks badnet --attacks blended\./,
  ],
  ['a model without an attack that the zoo lacks', ['table3', '--attacks', 'badnet'], /clean.*put it there as clean/],
  [
    'an item with too few images, behind one that could be made',
    ['figure9', 'figure3', '--attacks', 'badnet'],
    /expected 32 images or more in every class/,
  ],
  [
    'attacks that no item has',
    ['table1', '--attacks', 'badnet', '--attacks', 'blendet'],
    /names among badnet, .*, got blendet\. Did you mean blended\?/,
  ],
  ['all of them where none fits', ['all', '--attacks', 'wanet'], /find the models of table1 .*got badnet, blended/],
  ['no other data where the item has some', ['table5'], /expected --other-data for .* on .*, got none/],
  ['other data where the item has none', ['table1', '--other-data', 'x'], /no --other-data.*got x/],
])('refuses %s, before anything is computed', async (_, argv, message) => {
  const [item, ...more] = argv;
  const { code, stderr } = await runInProcess(
    ['paper', item, ...own(), ...more, '--out', at('refused'), '--threads', '1'],
    commands,
  );
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain('    at ');
  await expect(access(at('refused', 'items'))).rejects.toThrow('ENOENT');
});
